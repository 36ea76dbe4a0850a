import { lpPool1d, lpPool2d, lpPool3d, type LpPoolOptions, type PerAxis, type Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class LpPool1d extends Module {
  readonly #p: number;
  readonly #kernel: PerAxis;
  readonly #options: LpPoolOptions;

  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super();
    this.#p = p;
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.#p, this.#kernel, this.#options);
  }
}

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, h, w] to [n, c, oh, ow]. */
export class LpPool2d extends Module {
  readonly #p: number;
  readonly #kernel: PerAxis;
  readonly #options: LpPoolOptions;

  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super();
    this.#p = p;
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.#p, this.#kernel, this.#options);
  }
}

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class LpPool3d extends Module {
  readonly #p: number;
  readonly #kernel: PerAxis;
  readonly #options: LpPoolOptions;

  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super();
    this.#p = p;
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.#p, this.#kernel, this.#options);
  }
}
