import type { Tensor } from "../../tensor.ts";
import { div, sub } from "../pointwise/arithmetic.ts";
import { equal } from "../pointwise/comparison.ts";
import { logicalAnd } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { unsqueeze } from "../view/squeeze.ts";

/**
 * x[..., i, j] / (values[..., j] - values[..., i]), and 0 where both are 0, as on the diagonal: what does not turn needs no gap.
 *
 * @internal
 */
export function overGaps(x: Tensor, values: Tensor): Tensor {
  const gaps = sub(unsqueeze(values, -2), unsqueeze(values, -1));
  return div(x, where(logicalAnd(equal(gaps, 0), equal(x, 0)), 1, gaps));
}
