import { maxUnpool1d, maxUnpool2d, maxUnpool3d, type MaxUnpoolOptions, type PerAxis, type Tensor } from "@gradus/tensor";
import { PoolLayer } from "./pool-layer.ts";

/** Values back where `maxPool1dWithIndices` found them, zeros elsewhere. Shapes: [n, c, l] and the indices to [n, c, ol]. */
export class MaxUnpool1d extends PoolLayer<readonly [x: Tensor, indices: Tensor]> {
  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super((x, indices) => maxUnpool1d(x, indices, kernel, options));
  }
}

/** Values back where `maxPool2dWithIndices` found them, zeros elsewhere. Shapes: [n, c, h, w] and the indices to [n, c, oh, ow]. */
export class MaxUnpool2d extends PoolLayer<readonly [x: Tensor, indices: Tensor]> {
  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super((x, indices) => maxUnpool2d(x, indices, kernel, options));
  }
}

/** Values back where `maxPool3dWithIndices` found them, zeros elsewhere. Shapes: [n, c, d, h, w] and the indices to [n, c, od, oh, ow]. */
export class MaxUnpool3d extends PoolLayer<readonly [x: Tensor, indices: Tensor]> {
  constructor(kernel: PerAxis, options: MaxUnpoolOptions = {}) {
    super((x, indices) => maxUnpool3d(x, indices, kernel, options));
  }
}
