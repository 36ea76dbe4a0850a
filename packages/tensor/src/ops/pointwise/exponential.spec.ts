import type { Spec } from "../../op/spec.ts";
import type { exp2Op, expm1Op, expOp, log10Op, log1pOp, log2Op, logOp } from "./exponential.ts";
import { unarySpec } from "./unary-spec.ts";

export const expSpec: Spec<typeof expOp> = unarySpec(Math.exp, [-4, 3]);
export const exp2Spec: Spec<typeof exp2Op> = unarySpec((v) => 2 ** v, [-5, 4]);
export const expm1Spec: Spec<typeof expm1Op> = unarySpec(Math.expm1, [-2, 2]);
export const logSpec: Spec<typeof logOp> = unarySpec(Math.log, [0.1, 9]);
export const log1pSpec: Spec<typeof log1pOp> = unarySpec(Math.log1p, [-0.8, 4]);
export const log2Spec: Spec<typeof log2Op> = unarySpec(Math.log2, [0.1, 9]);
export const log10Spec: Spec<typeof log10Op> = unarySpec(Math.log10, [0.1, 9]);
