import type { Spec } from "../../op/spec.ts";
import { leaves } from "../../scalar/leaves.ts";
import type { erfinvOp, erfOp } from "./error-function.ts";
import { unarySpec } from "./unary-spec.ts";

const erf = (v: number): number => leaves.erf.js(v);

export const erfSpec: Spec<typeof erfOp> = unarySpec(erf, [-3, 3]);
export const erfinvSpec: Spec<typeof erfinvOp> = unarySpec(inverse, [-0.99, 0.99]);

/** Newton's method on erf(y) = v. */
function inverse(v: number): number {
  let y = 0;
  for (let i = 0; i < 60; i++) y -= ((erf(y) - v) * Math.sqrt(Math.PI) * Math.exp(y * y)) / 2;
  return y;
}
