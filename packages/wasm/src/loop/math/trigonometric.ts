import type { Lanes, Term } from "../lanes.ts";
import { Doubles } from "./doubles.ts";

/** pi / 2 in two parts, the first of 33 bits, so that its multiples up to 2^20 are exact in float64 (fdlibm, __ieee754_rem_pio2). */
const halfPiHigh = 1.57079632673412561417;
const halfPiLow = 6.07710050650619224932e-11;
/** Above pi / 4 by less than an ULP. */
const limit = Math.fround(Math.PI / 4);

/**
 * Sine: x = n pi / 2 + r, reduced in float64, then the sine or the cosine of r by polynomials (minimax) of degree 7 (2^-28)
 * and 8 (2^-33). Error <= 1.7 ULP for |x| <= 1e5, multiples of pi included; absolute error below 1e-6 up to 1e9; in [-1, 1] for every finite x.
 */
export function sin(l: Lanes, x: Term): Term {
  const { r, n } = reduce(l, x);
  return circular(l, r, n);
}

/** Cosine: the sine a quarter turn ahead, to the same bounds. */
export function cos(l: Lanes, x: Term): Term {
  const { r, n } = reduce(l, x);
  return circular(l, r, l.keepInteger(l.addInteger(n, l.integer(1))));
}

/**
 * Tangent: the reduction of `sin`, an odd polynomial of degree 13 in r (minimax, 2^-25), and -1 / tan r for odd n.
 * Error <= 3 ULP for |x| <= 1e5; finite for every finite x.
 */
export function tan(l: Lanes, x: Term): Term {
  const { r, n } = reduce(l, x);
  const z = l.keep(l.mul(r, r));
  const p = l.polynomial(z, [9.390843e-3, 3.110081e-3, 2.4436869e-2, 5.3409144e-2, 1.333883e-1, 3.3333156e-1]);
  const y = l.keep(l.withSign(l.multiplyAdd(p, l.mul(r, z), r), r));
  const odd = l.keepInteger(isOdd(l, n));
  return l.div(l.select(odd, l.float(-1), y), l.select(odd, y, l.float(1)));
}

/** x = n pi / 2 + r, |r| <= pi / 4; r is clamped so where float64 no longer holds n. */
function reduce(l: Lanes, x: Term): { readonly r: Term; readonly n: Term } {
  const d = new Doubles(l);
  const wide = d.keep(d.fromFloat(x));
  const { whole, integer } = d.nearest(d.mul(wide, d.constant(2 / Math.PI)));
  const high = d.multiplyAdd(whole, d.constant(-halfPiHigh), wide);
  const r = d.toFloat(d.multiplyAdd(whole, d.constant(-halfPiLow), high));
  return { r: l.keep(l.smaller(l.larger(r, l.float(-limit)), l.float(limit))), n: l.keepInteger(integer) };
}

/** sin(r + n pi / 2). */
function circular(l: Lanes, r: Term, n: Term): Term {
  const z = l.keep(l.mul(r, r));
  const odd = l.polynomial(z, [-1.951828e-4, 8.332189e-3, -1.6666655e-1]);
  const sine = l.withSign(l.multiplyAdd(odd, l.mul(r, z), r), r);
  const even = l.polynomial(z, [2.4432562e-5, -1.3887311e-3, 4.1666646e-2]);
  const cosine = l.multiplyAdd(even, l.mul(z, z), l.multiplyAdd(z, l.float(-0.5), l.float(1)));
  const size = l.select(isOdd(l, n), cosine, sine);
  return l.fromBits(l.xor(l.bitsOf(size), l.shiftLeft(l.shiftRight(n, 1), 31)));
}

function isOdd(l: Lanes, n: Term): Term {
  return l.equalInteger(l.and(n, l.integer(1)), l.integer(1));
}
