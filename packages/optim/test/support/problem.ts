import { add, mean, mul, sin, square, sub, sum, type Tensor, tensor } from "@gradus/tensor";
import { fill } from "../../../nn/test/support/fill.ts";
import { Affine } from "./affine.ts";

export interface Problem {
  readonly model: Affine;
  readonly loss: () => Tensor;
}

/** The problem of tools/fixtures/optimizers.py. */
export function smallProblem(): Problem {
  const model = new Affine([2, 3], fill(1, [2, 3]), fill(2, [3]));
  const a = tensor(fill(3, [4, 2]), { shape: [4, 2] });
  const y = tensor(fill(4, [4, 3]), { shape: [4, 3] });
  return { model, loss: () => add(mean(square(sub(model.forward(a), y))), mul(sum(sin(mul(model.w, 3))), 0.1)) };
}
