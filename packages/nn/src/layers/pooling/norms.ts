import { lpPool1d, lpPool2d, lpPool3d, type LpPoolOptions, type PerAxis } from "@gradus/tensor";
import { PoolLayer } from "./pool-layer.ts";

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, l] to [n, c, ol]. */
export class LpPool1d extends PoolLayer {
  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super((x) => lpPool1d(x, p, kernel, options));
  }
}

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, h, w] to [n, c, oh, ow]. */
export class LpPool2d extends PoolLayer {
  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super((x) => lpPool2d(x, p, kernel, options));
  }
}

/** The norm (Σ |x|^p)^(1/p) of each window; the stride is the kernel's size unless given. Shapes: [n, c, d, h, w] to [n, c, od, oh, ow]. */
export class LpPool3d extends PoolLayer {
  constructor(p: number, kernel: PerAxis, options: LpPoolOptions = {}) {
    super((x) => lpPool3d(x, p, kernel, options));
  }
}
