import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  globalAvgPool,
  globalMaxPool,
  type PerAxis,
  type Tensor,
} from "@gradus/tensor";
import { Module } from "../../module.ts";

/** Means of windows that are chosen for the result's size. Shapes: [n, c, l] to [n, c, ...size]. */
export class AdaptiveAvgPool1d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.#size);
  }
}

/** Means of windows that are chosen for the result's size. Shapes: [n, c, h, w] to [n, c, ...size]. */
export class AdaptiveAvgPool2d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.#size);
  }
}

/** Means of windows that are chosen for the result's size. Shapes: [n, c, d, h, w] to [n, c, ...size]. */
export class AdaptiveAvgPool3d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.#size);
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, l] to [n, c, ...size]. */
export class AdaptiveMaxPool1d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.#size).values;
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, h, w] to [n, c, ...size]. */
export class AdaptiveMaxPool2d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.#size).values;
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, d, h, w] to [n, c, ...size]. */
export class AdaptiveMaxPool3d extends Module {
  readonly #size: PerAxis;

  constructor(size: PerAxis) {
    super();
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool3d(x, this.#size).values;
  }
}

/** The mean of every channel. Shapes: [n, c, ...] to [n, c, 1, ...]. */
export class GlobalAvgPool extends Module {
  override forward(x: Tensor): Tensor {
    return globalAvgPool(x);
  }
}

/** The largest value of every channel. Shapes: [n, c, ...] to [n, c, 1, ...]. */
export class GlobalMaxPool extends Module {
  override forward(x: Tensor): Tensor {
    return globalMaxPool(x);
  }
}
