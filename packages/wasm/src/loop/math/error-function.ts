import type { Lanes, Term } from "../lanes.ts";

/**
 * The error function 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x: x p(x^2) / q(x^2), degrees 11 and 10 in x
 * (minimax of relative error, 2^-25; both scaled by the factor that rounds the coefficients best), up to where it is 1
 * in float32. Error <= 6 ULP, never beyond 1.
 */
export function erf(l: Lanes, x: Term): Term {
  const clamped = l.keep(l.smaller(l.larger(x, l.float(-3.95)), l.float(3.95)));
  const z = l.keep(l.mul(clamped, clamped));
  const p = l.polynomial(z, [1.4191218e-6, 1.9942071e-4, 2.6675875e-3, 3.703864e-2, 1.3417898e-1, 7.9041535e-1]);
  const q = l.polynomial(z, [2.6500715e-5, 8.200833e-4, 1.0545937e-2, 8.024774e-2, 3.5240835e-1, 7.004874e-1]);
  const y = l.keep(l.div(l.mul(clamped, p), q));
  return l.smaller(l.larger(y, l.float(-1)), l.float(1));
}
