import { Module, Param } from "@gradus/nn";
import { add, matmul, type Tensor } from "@gradus/tensor";

/** Two parameters with given first values. */
export class Affine extends Module {
  readonly w: Param;
  readonly b: Param;

  constructor(shape: readonly [number, number], w: ArrayLike<number>, b: ArrayLike<number>) {
    super();
    this.w = new Param(shape, () => Float32Array.from(w));
    this.b = new Param([shape[1]], () => Float32Array.from(b));
  }

  override forward(x: Tensor): Tensor {
    return add(matmul(x, this.w), this.b);
  }
}
