import { celu, elu, type EluOptions, leakyRelu, type LeakyReluOptions, relu, relu6, selu, type Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** x above zero, `negativeSlope` times x below. */
export class LeakyReLU extends Module {
  readonly #options: LeakyReluOptions;

  constructor(options: LeakyReluOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.#options);
  }
}

/** x above zero, alpha (exp(x) - 1) below. */
export class ELU extends Module {
  readonly #options: EluOptions;

  constructor(options: EluOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.#options);
  }
}

/** x above zero, alpha (exp(x / alpha) - 1) below. */
export class CELU extends Module {
  readonly #options: EluOptions;

  constructor(options: EluOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return celu(x, this.#options);
  }
}

/** The `ELU` that keeps mean 0 and variance 1 from layer to layer; drop with `AlphaDropout`. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x);
  }
}
