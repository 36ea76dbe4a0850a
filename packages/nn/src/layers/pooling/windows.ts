import { avgPool1d, avgPool3d, type AvgPoolNdOptions, maxPool1d, maxPool3d, type MaxPoolNdOptions, type PerAxis } from "@gradus/tensor";
import { PoolLayer } from "./pool-layer.ts";

/** The largest value of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class MaxPool1d extends PoolLayer {
  constructor(kernel: PerAxis, options: MaxPoolNdOptions = {}) {
    super((x) => maxPool1d(x, kernel, options));
  }
}

/** The mean of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class AvgPool1d extends PoolLayer {
  constructor(kernel: PerAxis, options: AvgPoolNdOptions = {}) {
    super((x) => avgPool1d(x, kernel, options));
  }
}

/** The largest value of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class MaxPool3d extends PoolLayer {
  constructor(kernel: PerAxis, options: MaxPoolNdOptions = {}) {
    super((x) => maxPool3d(x, kernel, options));
  }
}

/** The mean of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class AvgPool3d extends PoolLayer {
  constructor(kernel: PerAxis, options: AvgPoolNdOptions = {}) {
    super((x) => avgPool3d(x, kernel, options));
  }
}
