import type { Reader } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import { clampIndex, type IndexExpression } from "../../scalar/index-expression.ts";

/**
 * The value of `x` at an index, or `outside` where the index lies beyond its extents or `also` does not hold.
 *
 * The address is clamped into the tensor, so the read itself is always safe.
 *
 * @internal
 */
export function paddedRead(
  s: ScalarBuilder,
  x: Reader,
  index: readonly IndexExpression[],
  outside: number,
  also: Scalar | null = null,
): Scalar {
  if (x.shape.includes(0)) return s.constant(x.dtype, outside);
  const inside = s.all([...index.map((i, axis) => s.within(i, 0, x.shape[axis] ?? 1)), also]);
  const value = x.at(index.map((i, axis) => clampIndex(i, x.shape[axis] ?? 1)));
  return inside === null ? value : s.call("select", inside, value, s.constant(x.dtype, outside));
}
