import {
  channelShuffle,
  fold,
  interpolate,
  type InterpolateOptions,
  pad,
  type PadOptions,
  type PerAxis,
  pixelShuffle,
  pixelUnshuffle,
  type Tensor,
  unfold,
  type UnfoldOptions,
} from "@gradus/tensor";
import { Module } from "../module.ts";

/** A signal, image or volume in another size, as `interpolate` makes it. Shapes: [n, c, ...sizes] to [n, c, ...size]. */
export class Upsample extends Module {
  readonly #options: InterpolateOptions;

  constructor(options: InterpolateOptions) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.#options);
  }
}

/** Channels spread out into pixels. Shapes: [n, c * r * r, h, w] to [n, c, h * r, w * r]. */
export class PixelShuffle extends Module {
  readonly #factor: number;

  constructor(factor: number) {
    super();
    this.#factor = factor;
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.#factor);
  }
}

/** Blocks of pixels made channels, the inverse of `PixelShuffle`. Shapes: [n, c, h * r, w * r] to [n, c * r * r, h, w]. */
export class PixelUnshuffle extends Module {
  readonly #factor: number;

  constructor(factor: number) {
    super();
    this.#factor = factor;
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.#factor);
  }
}

/** Channels of groups dealt out in turn. Shapes: [n, c, ...] keeps its shape. */
export class ChannelShuffle extends Module {
  readonly #groups: number;

  constructor(groups: number) {
    super();
    this.#groups = groups;
  }

  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.#groups);
  }
}

/**
 * Something put around the last axes: a pair [before, after] for each, as `pad` takes them.
 *
 * Example: `new Pad([[1, 1], [1, 1]], { mode: "reflect" })`.
 */
export class Pad extends Module {
  readonly #amounts: readonly (readonly [before: number, after: number])[];
  readonly #options: PadOptions;

  constructor(amounts: readonly (readonly [before: number, after: number])[], options: PadOptions = {}) {
    super();
    this.#amounts = amounts;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.#amounts, this.#options);
  }
}

/** The windows of images as columns. Shapes: [n, c, h, w] to [n, c * kh * kw, oh * ow]. */
export class Unfold extends Module {
  readonly #kernel: PerAxis;
  readonly #options: UnfoldOptions;

  constructor(kernel: PerAxis, options: UnfoldOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return unfold(x, this.#kernel, this.#options);
  }
}

/** Columns added up where their windows lie, the transpose of `Unfold`. Shapes: [n, c * kh * kw, oh * ow] to [n, c, ...size]. */
export class Fold extends Module {
  readonly #size: PerAxis;
  readonly #kernel: PerAxis;
  readonly #options: UnfoldOptions;

  constructor(size: PerAxis, kernel: PerAxis, options: UnfoldOptions = {}) {
    super();
    this.#size = size;
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return fold(x, this.#size, this.#kernel, this.#options);
  }
}
