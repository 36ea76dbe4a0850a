import { add, avgPool2d, mul, reshape, type Shape, sizeOf, type Tensor } from "@gradus/tensor";
import { init, type LayerFacts, Module, Param } from "@gradus/nn";

/**
 * Subsampling as in 1998: the mean of each 2x2 window, times a trainable coefficient, plus a trainable bias, one of each
 * for each map. (The paper adds the four values up; the coefficient here is four times the paper's.)
 *
 * Shapes: [n, maps, h, w] to [n, maps, h / 2, w / 2].
 */
export class Subsampling extends Module {
  readonly coefficient: Param;
  readonly bias: Param;

  constructor(maps: number) {
    super();
    this.coefficient = new Param([maps], init.ones());
    this.bias = new Param([maps], init.zeros());
  }

  override forward(x: Tensor): Tensor {
    const perMap = [1, this.bias.size, 1, 1];
    return add(mul(avgPool2d(x, 2), reshape(this.coefficient, perMap)), reshape(this.bias, perMap));
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return {
      multiplyAccumulates: sizeOf(output),
      connections: sizeOf(output) * 5,
      window: { kernel: [2, 2], stride: [2, 2], dilation: [1, 1] },
    };
  }
}
