import {
  elu,
  type EluOptions,
  gelu,
  type GeluOptions,
  leakyRelu,
  type LeakyReluOptions,
  relu,
  sigmoid,
  silu,
  softmax,
  softplus,
  type SoftplusOptions,
  tanh,
  type Tensor,
} from "@gradus/tensor";
import { Module } from "../module.ts";

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
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

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x times the normal distribution's share below x; exact unless `approximate: "tanh"`. */
export class GELU extends Module {
  readonly #options: GeluOptions;

  constructor(options: GeluOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.#options);
  }
}

/** x * sigmoid(x), also called swish. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** log(1 + exp(beta x)) / beta. */
export class Softplus extends Module {
  readonly #options: SoftplusOptions;

  constructor(options: SoftplusOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.#options);
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

/** exp(x) over an axis, made to sum to 1; the last axis when left out. `crossEntropy` takes logits and needs none. */
export class Softmax extends Module {
  readonly #axis: number;

  constructor({ axis = -1 }: { readonly axis?: number } = {}) {
    super();
    this.#axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, { axis: this.#axis });
  }
}
