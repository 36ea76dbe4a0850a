import { expm1, mul, neg, type Tensor } from "@gradus/tensor";

/** 1 - beta^t, as -expm1(t log beta): in float32 the plain difference loses half its digits for beta near 1. */
export function oneMinusPower(beta: number, t: Tensor): Tensor | 1 {
  return beta === 0 ? 1 : neg(expm1(mul(t, Math.log(beta))));
}
