import type { Lanes, Term } from "../lanes.ts";

/** 1.5 * 2^23: added to a float below 2^22 it leaves the nearest whole number in the lowest bits. */
const shifter = 12582912;

/**
 * e^x: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r (minimax, 2^-28), then 2^n as two
 * factors, which reach the subnormal numbers and infinity. Error <= 1.1 ULP.
 */
export function exp(l: Lanes, x: Term): Term {
  return scaledExp(l, reduce(l, x, { low: -104, high: 89, bias: 254 }));
}

/** e^x - 1 without cancellation near 0: 2^n (e^r - 1) + (2^n - 1), with the reduction of `exp`. Error <= 1.8 ULP. */
export function expm1(l: Lanes, x: Term): Term {
  return smallAsIs(l, x, 2 ** -25, l.mul(quarterExpm1(l, x), l.float(4)));
}

/** (e^x - 1) / 4, finite up to x = 89.4: what `expm1` and `sinh` have in common. */
export function quarterExpm1(l: Lanes, x: Term): Term {
  const { r, biased } = reduce(l, x, { low: -25, high: 89.5, bias: 125 });
  const s = l.keep(l.fromBits(l.shiftLeft(biased, 23)));
  return l.multiplyAdd(s, smallExpm1(l, r), l.sub(s, l.float(0.25)));
}

/** e^x / 2, finite up to x = 89.4. */
export function halfExp(l: Lanes, x: Term): Term {
  return scaledExp(l, reduce(l, x, { low: -104, high: 89.5, bias: 253 }));
}

/** `y`, or `x` where |x| is below `limit`: exact for functions with f(x) ~ x, signed zeros and subnormal numbers included. */
export function smallAsIs(l: Lanes, x: Term, limit: number, y: Term): Term {
  return l.select(l.less(l.abs(x), l.float(limit)), x, y);
}

/** y 2^n in two factors, for n from -252 to 254; `biased` has n + 254 in its lowest nine bits, and zero in the tenth. */
export function scale(l: Lanes, y: Term, biased: Term): Term {
  const [first, second] = factors(l, biased);
  return l.mul(l.mul(y, first), second);
}

/** e^r 2^n. Adding 1 after the first factor rounds as before it, and is one instruction with the product. */
function scaledExp(l: Lanes, { r, biased }: Reduced): Term {
  const e = l.keep(smallExpm1(l, r));
  const [first, second] = factors(l, biased);
  return l.mul(l.multiplyAdd(e, first, first), second);
}

/** 2^n as two factors. */
function factors(l: Lanes, biased: Term): readonly [Term, Term] {
  const half = l.keepInteger(l.shiftLeft(l.shiftRight(biased, 1), 23));
  return [l.fromBits(half), l.fromBits(l.subInteger(l.shiftLeft(biased, 23), half))];
}

interface Reduced {
  readonly r: Term;
  readonly biased: Term;
}

/**
 * x = n ln 2 + r, after clamping x; n + bias stands in the lowest nine bits of `biased`, and a NaN stays in r.
 * ln 2 in two parts (Cody and Waite; the parts are those of Cephes), the first so short that its multiples are exact.
 */
function reduce(l: Lanes, x: Term, { low, high, bias }: { readonly low: number; readonly high: number; readonly bias: number }): Reduced {
  const clamped = l.keep(l.smaller(l.larger(x, l.float(low)), l.float(high)));
  const shifted = l.keep(l.multiplyAdd(clamped, l.float(Math.LOG2E), l.float(shifter + bias)));
  const n = l.keep(l.sub(shifted, l.float(shifter + bias)));
  const r = l.keep(l.multiplyAdd(n, l.float(2.1219444e-4), l.multiplyAdd(n, l.float(-0.693359375), clamped)));
  return { r, biased: l.keepInteger(l.bitsOf(shifted)) };
}

/** e^r - 1 for |r| <= ln 2 / 2. */
function smallExpm1(l: Lanes, r: Term): Term {
  const p = l.polynomial(r, [1.3870657e-3, 8.366262e-3, 4.1667435e-2, 1.6666546e-1, 0.49999997]);
  return l.multiplyAdd(p, l.mul(r, r), r);
}
