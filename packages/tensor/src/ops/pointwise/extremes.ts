import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { number } from "../../op/attr.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "./arithmetic.ts";
import { asFloat, cast } from "./cast.ts";
import { equal, greater, greaterEqual, less, lessEqual } from "./comparison.ts";
import { applyBinary, binary, type Operand, promote, unaryWith } from "./define-pointwise.ts";
import { logicalAnd } from "./logic.ts";
import { where } from "./where.ts";

export const maximumOp = binary("maximum", {
  takes: "number",
  body: (s, a, b) => s.call("max", a, b),
  vjp: ({ ct, a, b }) => ({ a: share(ct, a, b, greater(b, a)), b: share(ct, a, b, greater(a, b)) }),
});

export const minimumOp = binary("minimum", {
  takes: "number",
  body: (s, a, b) => s.call("min", a, b),
  vjp: ({ ct, a, b }) => ({ a: share(ct, a, b, less(b, a)), b: share(ct, a, b, less(a, b)) }),
});

export const clampOp = unaryWith(
  "clamp",
  { min: number, max: number },
  {
    takes: "number",
    body: (s, x, { min, max }) => limit(s, x, min, max),
    vjp: ({ ct, x, attrs: { min, max } }) => where(logicalAnd(greaterEqual(x, min), lessEqual(x, max)), ct, 0),
  },
);

export const hardtanhOp = unaryWith(
  "hardtanh",
  { min: number, max: number },
  {
    takes: "float",
    body: (s, x, { min, max }) => limit(s, x, min, max),
    vjp: ({ ct, out, attrs: { min, max } }) => where(logicalAnd(greater(out, min), less(out, max)), ct, 0),
  },
);

/** The larger of two, broadcast; NaN if either is. Equal values share the gradient half and half. */
export function maximum(a: Operand, b: Operand): Tensor {
  return applyBinary(maximumOp, a, b);
}

/** The smaller of two, broadcast; NaN if either is. Equal values share the gradient half and half. */
export function minimum(a: Operand, b: Operand): Tensor {
  return applyBinary(minimumOp, a, b);
}

export interface ClampOptions {
  /** Lower limit; none when left out. */
  readonly min?: number;
  /** Upper limit; none when left out. It wins where the limits cross. */
  readonly max?: number;
}

/**
 * Values limited to `min .. max`: min(max(x, min), max). The gradient passes where min <= x <= max.
 *
 * An integer tensor with a fractional limit becomes float32.
 *
 * @throws ArgumentError if a limit is NaN.
 */
export function clamp(x: Tensor, { min = -Infinity, max = Infinity }: ClampOptions): Tensor {
  if (Number.isNaN(min) || Number.isNaN(max))
    throw new ArgumentError("argument/nan", "a limit must be a number, not NaN", { subject: "clamp" });
  const low = promote(x, Number.isFinite(min) ? min : 0);
  const high = promote(x, Number.isFinite(max) ? max : 0);
  return apply(clampOp, { x: cast(x, low === x.dtype ? high : low) }, { min, max });
}

export interface HardtanhOptions {
  /** -1 when left out. */
  readonly min?: number;
  /** 1 when left out. */
  readonly max?: number;
}

/** Values limited to `min .. max`; unlike `clamp`, the gradient is zero at the limits themselves. */
export function hardtanh(x: Tensor, { min = -1, max = 1 }: HardtanhOptions = {}): Tensor {
  return apply(hardtanhOp, { x: asFloat(x) }, { min, max });
}

/** Values limited to 0 .. 6: min(max(x, 0), 6). */
export function relu6(x: Tensor): Tensor {
  return hardtanh(x, { min: 0, max: 6 });
}

function limit(s: ScalarBuilder, x: Scalar, min: number, max: number): Scalar {
  const raised = min === -Infinity ? x : s.call("max", x, s.constant(x.dtype, min));
  return max === Infinity ? raised : s.call("min", raised, s.constant(x.dtype, max));
}

/** `ct` for the side that won, half of it at a tie, nothing where `lost`. */
function share(ct: Tensor, a: Tensor, b: Tensor, lost: Tensor): Tensor {
  return where(lost, 0, where(equal(a, b), mul(ct, 0.5), ct));
}
