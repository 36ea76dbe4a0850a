import {
  gelu,
  type GeluOptions,
  logSigmoid,
  mish,
  sigmoid,
  silu,
  softplus,
  type SoftplusOptions,
  softsign,
  tanh,
  tanhshrink,
  type Tensor,
} from "@gradus/tensor";
import { Module } from "../../module.ts";

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** log(1 / (1 + exp(-x))). */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logSigmoid(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x - tanh(x). */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x);
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

/** x * tanh(log(1 + exp(x))). */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x);
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

/** x / (1 + |x|). */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}
