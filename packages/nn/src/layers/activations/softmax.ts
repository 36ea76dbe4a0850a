import { logSoftmax, softmax, type SoftmaxOptions, softmin, type Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";

/** exp(x) over an axis, made to sum to 1; the last axis when left out. `crossEntropy` takes logits and needs none. */
export class Softmax extends Module {
  readonly #options: SoftmaxOptions;

  constructor(options: SoftmaxOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.#options);
  }
}

/** The logarithm of `Softmax`, precise where that would round to 0: what `nll` takes. */
export class LogSoftmax extends Module {
  readonly #options: SoftmaxOptions;

  constructor(options: SoftmaxOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.#options);
  }
}

/** `Softmax` of -x: the smallest gets the most. */
export class Softmin extends Module {
  readonly #options: SoftmaxOptions;

  constructor(options: SoftmaxOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return softmin(x, this.#options);
  }
}
