import { maxUnpool1d, maxUnpool2d, maxUnpool3d, type MaxUnpoolOptions, type PerAxis, type Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";

/** Values back where `maxPool1dWithIndices` found them, zeros elsewhere. Shapes: [n, c, l] and the indices to [n, c, ol]. */
export class MaxUnpool1d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: MaxUnpoolOptions;

  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool1d(x, indices, this.#kernel, this.#options);
  }
}

/** Values back where `maxPool2dWithIndices` found them, zeros elsewhere. Shapes: [n, c, h, w] and the indices to [n, c, oh, ow]. */
export class MaxUnpool2d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: MaxUnpoolOptions;

  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool2d(x, indices, this.#kernel, this.#options);
  }
}

/** Values back where `maxPool3dWithIndices` found them, zeros elsewhere. Shapes: [n, c, d, h, w] and the indices to [n, c, od, oh, ow]. */
export class MaxUnpool3d extends Module {
  readonly #kernel: PerAxis;
  readonly #options: MaxUnpoolOptions;

  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor, indices: Tensor): Tensor {
    return maxUnpool3d(x, indices, this.#kernel, this.#options);
  }
}
