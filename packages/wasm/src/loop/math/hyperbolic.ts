import type { Lanes, Term } from "../lanes.ts";
import { halfExp, quarterExpm1, smallAsIs } from "./exponential.ts";
import { logOfOnePlus } from "./logarithm.ts";

/** From here on the other terms under asinh's and acosh's roots are below half an ULP, and x^2 is still finite. */
const far = 2 ** 30;

/**
 * Hyperbolic tangent: x p(x^2) / q(x^2), degrees 9 and 8 in x (minimax of relative error, 2^-25; both scaled by the factor
 * that rounds the coefficients best), up to where it is 1 in float32. Error <= 6 ULP, never beyond 1.
 */
export function tanh(l: Lanes, x: Term): Term {
  const clamped = l.keep(l.smaller(l.larger(x, l.float(-9.02)), l.float(9.02)));
  const z = l.keep(l.mul(clamped, clamped));
  const p = l.polynomial(z, [1.659722e-8, 2.5649575e-5, 4.3540015e-3, 1.6672792e-1, 1.2461243]);
  const q = l.polynomial(z, [9.672441e-7, 4.0911417e-4, 3.2238573e-2, 5.821025e-1, 1.2461243]);
  const y = l.keep(l.div(l.mul(clamped, p), q));
  return l.smaller(l.larger(y, l.float(-1)), l.float(1));
}

/** Hyperbolic sine, (t + t / (t + 1)) / 2 with t = e^|x| - 1, finite wherever the result is. Error <= 2.5 ULP. */
export function sinh(l: Lanes, x: Term): Term {
  const quarter = l.keep(quarterExpm1(l, l.keep(l.abs(x))));
  const half = l.keep(l.add(quarter, l.div(quarter, l.multiplyAdd(quarter, l.float(4), l.float(1)))));
  const y = l.add(half, half);
  return smallAsIs(l, x, 2 ** -12, l.withSign(y, x));
}

/** Hyperbolic cosine, h + 1 / (4 h) with h = e^|x| / 2, finite wherever the result is. Error <= 1.7 ULP. */
export function cosh(l: Lanes, x: Term): Term {
  const half = l.keep(halfExp(l, l.keep(l.abs(x))));
  return l.add(half, l.div(l.float(0.25), half));
}

/** Inverse hyperbolic sine, log(1 + |x| + x^2 / (1 + sqrt(x^2 + 1))). Error <= 2 ULP. */
export function asinh(l: Lanes, x: Term): Term {
  const a = l.keep(l.abs(x));
  const large = l.keepInteger(l.less(l.float(far), a));
  const square = l.keep(l.mul(a, a));
  const more = l.div(square, l.add(l.sqrt(l.add(square, l.float(1))), l.float(1)));
  const y = logOfOnePlus(l, l.keep(l.select(large, a, l.add(a, more))), large);
  return smallAsIs(l, x, 2 ** -12, l.withSign(y, x));
}

/** Inverse hyperbolic cosine, log(1 + t + sqrt(t (t + 2))) with t = x - 1; NaN below 1. Error <= 2.6 ULP. */
export function acosh(l: Lanes, x: Term): Term {
  const large = l.keepInteger(l.less(l.float(far), x));
  const t = l.keep(l.sub(x, l.float(1)));
  const root = l.sqrt(l.mul(t, l.add(t, l.float(2))));
  const y = logOfOnePlus(l, l.keep(l.select(large, x, l.add(t, root))), large);
  return l.select(l.less(x, l.float(1)), l.float(Number.NaN), y);
}

/** Inverse hyperbolic tangent, log(1 + 2 |x| / (1 - |x|)) / 2; NaN beyond 1. Error <= 2.2 ULP. */
export function atanh(l: Lanes, x: Term): Term {
  const a = l.keep(l.abs(x));
  const ratio = l.keep(l.div(l.add(a, a), l.sub(l.float(1), a)));
  const y = l.mul(logOfOnePlus(l, ratio, null), l.float(0.5));
  return smallAsIs(l, x, 2 ** -12, l.withSign(y, x));
}
