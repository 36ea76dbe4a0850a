import type { Lanes, Term } from "../lanes.ts";
import { smallAsIs } from "./exponential.ts";

/** The bits of sqrt(1/2): what splits a number into 2^e m with m from there to sqrt(2). */
const rootHalfBits = 0x3f3504f3;

/** x = 2^exponent mantissa. */
export interface Parts {
  /** From sqrt(1/2) to sqrt(2). */
  readonly mantissa: Term;
  readonly exponent: Term;
}

/**
 * Natural logarithm: x = 2^e m with m in [sqrt(1/2), sqrt(2)), and a polynomial of degree 11 in m - 1 (that of
 * Cephes, logf). Negative numbers give NaN, zero -Infinity. Error <= 0.9 ULP.
 */
export function log(l: Lanes, x: Term): Term {
  return l.branch(
    anyUnusual(l, x),
    () => {
      const { mantissa, exponent } = splitAny(l, x);
      return outside(l, x, l.keep(logarithm(l, l.keep(l.sub(mantissa, l.float(1))), exponent)));
    },
    () => {
      const { mantissa, exponent } = split(l, x);
      return logarithm(l, l.keep(l.sub(mantissa, l.float(1))), exponent);
    },
  );
}

/**
 * log(1 + x), precise near 0: the rounding error of u = 1 + x, which is exactly x - (u - 1), joins the mantissa of u.
 * Error <= 1.5 ULP.
 */
export function log1p(l: Lanes, x: Term): Term {
  return smallAsIs(l, x, 2 ** -25, logOfOnePlus(l, x, null));
}

/** log(1 + x), plus ln 2 where `doubled` is true; `x` must be kept. */
export function logOfOnePlus(l: Lanes, x: Term, doubled: Term | null): Term {
  const u = l.keep(l.add(x, l.float(1)));
  const lost = l.sub(x, l.sub(u, l.float(1)));
  const bits = l.keepInteger(l.bitsOf(u));
  const e = l.keepInteger(l.shiftRightSigned(l.subInteger(bits, l.integer(rootHalfBits)), 23));
  const shift = l.keepInteger(l.shiftLeft(e, 23));
  const mantissa = l.fromBits(l.subInteger(bits, shift));
  // 2^-e would be subnormal for the largest numbers: 2^(64 - e), then 2^-64.
  const lostScaled = l.mul(l.mul(lost, l.fromBits(l.subInteger(l.integer((127 + 64) << 23), shift))), l.float(2 ** -64));
  const m = l.keep(l.add(l.sub(mantissa, l.float(1)), lostScaled));
  const whole = l.toFloat(e);
  const exponent = l.keep(doubled === null ? whole : l.add(whole, l.select(doubled, l.float(1), l.float(0))));
  const y = l.keep(logarithm(l, m, exponent));
  return l.branch(
    anyUnusual(l, u),
    () => outside(l, u, y),
    () => y,
  );
}

/** Whether any lane is not a positive normal number: what sends `log` and `pow` down their slower way. */
export function anyUnusual(l: Lanes, x: Term): Term {
  // The bits of the least normal number become the least int32.
  return l.any(l.lessEqualInteger(l.integer(0x7f000000 - 2 ** 31), l.addInteger(l.bitsOf(x), l.integer(2 ** 31 - 0x00800000))));
}

/** The parts of positive normal numbers. */
export function split(l: Lanes, x: Term): Parts {
  const e = l.keepInteger(l.shiftRightSigned(l.subInteger(l.bitsOf(x), l.integer(rootHalfBits)), 23));
  return { mantissa: l.fromBits(l.subInteger(l.bitsOf(x), l.shiftLeft(e, 23))), exponent: l.keep(l.toFloat(e)) };
}

/** The parts of positive numbers, subnormal ones among them; of others, some finite parts. */
export function splitAny(l: Lanes, x: Term): Parts {
  const tiny = l.keepInteger(l.less(x, l.float(2 ** -126)));
  const { mantissa, exponent } = split(l, l.keep(l.select(tiny, l.mul(x, l.float(2 ** 23)), x)));
  return { mantissa, exponent: l.keep(l.sub(exponent, l.select(tiny, l.float(23), l.float(0)))) };
}

/** log(1 + m) + exponent ln 2, with ln 2 in two parts and the small terms added first. */
function logarithm(l: Lanes, m: Term, exponent: Term): Term {
  const z = l.keep(l.mul(m, m));
  const p = l.polynomial(
    m,
    [7.0376836e-2, -1.151461e-1, 1.1676998e-1, -1.2420141e-1, 1.4249323e-1, -1.6668057e-1, 2.0000714e-1, -2.4999994e-1, 3.3333331e-1],
  );
  const tail = l.multiplyAdd(exponent, l.float(-2.1219444e-4), l.mul(l.mul(m, z), p));
  const near = l.add(m, l.multiplyAdd(z, l.float(-0.5), tail));
  return l.multiplyAdd(exponent, l.float(0.693359375), near);
}

/** The logarithm of what is not a positive number; y elsewhere. */
function outside(l: Lanes, x: Term, y: Term): Term {
  const infinite = l.select(l.equal(x, l.float(Number.POSITIVE_INFINITY)), x, y);
  const zero = l.select(l.equal(x, l.float(0)), l.float(Number.NEGATIVE_INFINITY), infinite);
  return l.select(l.lessEqual(l.float(0), x), zero, l.float(Number.NaN));
}
