import type { Lanes, Term } from "../lanes.ts";

const halfPi = Math.fround(Math.PI / 2);
/** pi / 2 - halfPi. */
const halfPiRest = -4.371139e-8;

/** Where asin goes over to half the angle: high enough that twice the half angle is below 1, in the finer binade. */
const fold = 0.5625;

/**
 * Arcsine: x + x^3 p(x^2) up to 9/16 (minimax, 2^-29), and pi / 2 - 2 asin(sqrt((1 - |x|) / 2)) above;
 * NaN beyond 1. Error <= 1.5 ULP.
 */
export function asin(l: Lanes, x: Term): Term {
  const { large, y } = smallAsin(l, l.keep(l.abs(x)));
  const folded = l.sub(l.float(halfPi), l.sub(l.add(y, y), l.float(halfPiRest)));
  return l.withSign(l.select(large, folded, y), x);
}

/** Arccosine: pi / 2 - asin(x) up to 9/16, 2 asin(sqrt((1 - |x|) / 2)) or pi less that above; NaN beyond 1. Error <= 1.5 ULP. */
export function acos(l: Lanes, x: Term): Term {
  const { large, y } = smallAsin(l, l.keep(l.abs(x)));
  const negative = l.keepInteger(l.less(x, l.float(0)));
  const twice = l.keep(l.add(y, y));
  const folded = l.select(negative, l.sub(l.float(2 * halfPi), l.sub(twice, l.float(2 * halfPiRest))), twice);
  const signed = l.select(negative, l.neg(y), y);
  return l.select(large, folded, l.sub(l.float(halfPi), l.sub(signed, l.float(halfPiRest))));
}

/** Arctangent: an odd polynomial of degree 19 on [-1, 1] (minimax, 2^-28), and pi / 2 - atan(1 / |x|) beyond. Error <= 1.6 ULP. */
export function atan(l: Lanes, x: Term): Term {
  const a = l.keep(l.abs(x));
  const steep = l.keepInteger(l.less(l.float(1), a));
  const t = l.keep(l.div(l.select(steep, l.float(1), a), l.select(steep, a, l.float(1))));
  return l.withSign(unfold(l, smallAtan(l, t), steep), x);
}

/**
 * The angle of the point (x, y) in (-pi, pi], with the arctangent of the smaller coordinate over the larger;
 * zeros and infinities as in IEEE 754. Error <= 2.5 ULP.
 */
export function atan2(l: Lanes, y: Term, x: Term): Term {
  const up = l.keep(l.abs(y));
  const along = l.keep(l.abs(x));
  const steep = l.keepInteger(l.less(along, up));
  const low = l.keep(l.min(along, up));
  const high = l.keep(l.max(along, up));
  const ratio = l.select(l.equal(low, l.float(Number.POSITIVE_INFINITY)), l.float(1), l.div(low, high));
  const t = l.keep(l.select(l.equal(high, l.float(0)), l.float(0), ratio));
  const angle = l.keep(unfold(l, smallAtan(l, t), steep));
  const back = l.lessInteger(l.bitsOf(x), l.integer(0));
  return l.withSign(l.select(back, l.sub(l.float(2 * halfPi), l.sub(angle, l.float(2 * halfPiRest))), angle), y);
}

/** asin(a) for a <= 9/16, and for larger a, where `large` is true, asin(sqrt((1 - a) / 2)). */
function smallAsin(l: Lanes, a: Term): { readonly large: Term; readonly y: Term } {
  const large = l.keepInteger(l.less(l.float(fold), a));
  const z = l.keep(l.select(large, l.mul(l.sub(l.float(1), a), l.float(0.5)), l.mul(a, a)));
  const t = l.keep(l.select(large, l.sqrt(z), a));
  const p = l.polynomial(z, [4.7483426e-2, 6.742906e-3, 3.4010686e-2, 4.42322e-2, 7.502098e-2, 1.6666631e-1]);
  return { large, y: l.keep(l.multiplyAdd(p, l.mul(t, z), t)) };
}

/** atan(t) for 0 <= t <= 1. */
function smallAtan(l: Lanes, t: Term): Term {
  const z = l.keep(l.mul(t, t));
  const p = l.polynomial(
    z,
    [-1.7875476e-3, 1.0887361e-2, -3.1127002e-2, 5.7906546e-2, -8.400475e-2, 1.0951175e-1, -1.4264052e-1, 1.9998531e-1, -3.33333e-1],
  );
  return l.keep(l.multiplyAdd(p, l.mul(t, z), t));
}

/** pi / 2 - y where `steep` is true. */
function unfold(l: Lanes, y: Term, steep: Term): Term {
  return l.select(steep, l.sub(l.float(halfPi), l.sub(y, l.float(halfPiRest))), y);
}
