import {
  avgPool1d,
  avgPool3d,
  type AvgPoolNdOptions,
  maxPool1d,
  maxPool3d,
  type MaxPoolNdOptions,
  type PerAxis,
  type Tensor,
} from "@gradus/tensor";
import { Module } from "../../module.ts";

/** The largest value of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class MaxPool1d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: MaxPoolNdOptions;

  constructor(kernel: PerAxis, options: MaxPoolNdOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.#kernel, this.#options);
  }
}

/** The mean of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class AvgPool1d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: AvgPoolNdOptions;

  constructor(kernel: PerAxis, options: AvgPoolNdOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.#kernel, this.#options);
  }
}

/** The largest value of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class MaxPool3d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: MaxPoolNdOptions;

  constructor(kernel: PerAxis, options: MaxPoolNdOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxPool3d(x, this.#kernel, this.#options);
  }
}

/** The mean of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class AvgPool3d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: AvgPoolNdOptions;

  constructor(kernel: PerAxis, options: AvgPoolNdOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return avgPool3d(x, this.#kernel, this.#options);
  }
}
