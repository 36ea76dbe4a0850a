import type { Spec } from "../../op/spec.ts";
import type { acoshOp, asinhOp, atanhOp, coshOp, sinhOp, tanhOp } from "./hyperbolic.ts";
import { unarySpec } from "./unary-spec.ts";

export const sinhSpec: Spec<typeof sinhOp> = unarySpec(Math.sinh, [-3, 3]);
export const coshSpec: Spec<typeof coshOp> = unarySpec(Math.cosh, [-3, 3]);
export const tanhSpec: Spec<typeof tanhOp> = unarySpec(Math.tanh, [-4, 4]);
export const asinhSpec: Spec<typeof asinhOp> = unarySpec(Math.asinh, [-5, 5]);
export const acoshSpec: Spec<typeof acoshOp> = unarySpec(Math.acosh, [1.2, 5]);
export const atanhSpec: Spec<typeof atanhOp> = unarySpec(Math.atanh, [-0.9, 0.9]);
