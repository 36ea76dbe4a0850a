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
import { PoolLayer } from "./pool-layer.ts";

/** Means of windows that are chosen for the result's size. Shapes: [n, c, l] to [n, c, ...size]. */
export class AdaptiveAvgPool1d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveAvgPool1d(x, size));
  }
}

/** Means of windows that are chosen for the result's size. Shapes: [n, c, h, w] to [n, c, ...size]. */
export class AdaptiveAvgPool2d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveAvgPool2d(x, size));
  }
}

/** Means of windows that are chosen for the result's size. Shapes: [n, c, d, h, w] to [n, c, ...size]. */
export class AdaptiveAvgPool3d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveAvgPool3d(x, size));
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, l] to [n, c, ...size]. */
export class AdaptiveMaxPool1d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveMaxPool1d(x, size).values);
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, h, w] to [n, c, ...size]. */
export class AdaptiveMaxPool2d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveMaxPool2d(x, size).values);
  }
}

/** Largest values of windows that are chosen for the result's size. Shapes: [n, c, d, h, w] to [n, c, ...size]. */
export class AdaptiveMaxPool3d extends PoolLayer {
  constructor(size: PerAxis) {
    super((x) => adaptiveMaxPool3d(x, size).values);
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
