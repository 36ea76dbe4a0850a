import type { Lanes, Term } from "../lanes.ts";
import { Doubles } from "./doubles.ts";
import { scale } from "./exponential.ts";
import { anyUnusual, type Parts, split, splitAny } from "./logarithm.ts";

/**
 * a^b as 2^(b log2 |a|), the logarithm and the product in float64: log2 of the mantissa m from
 * s = (m - 1) / (m + 1) by an odd polynomial of degree 9 (minimax of relative error, 2^-37), and 2^r - 1 for
 * |r| <= 1/2 by one of degree 6 (minimax, 2^-28). Error <= 1.2 ULP over the whole range.
 *
 * 1^b and a^0 are 1, NaN included; a negative `a` to a whole power has the power's parity for sign, to another NaN;
 * (-1)^(+-Infinity) is NaN, as `Math.pow` has it.
 */
export function pow(l: Lanes, a: Term, b: Term): Term {
  const infinity = l.float(Number.POSITIVE_INFINITY);
  const unusual = l.any(l.not(l.less(l.abs(b), infinity)));
  const condition = (): void => l.f.i32.or(anyUnusual(l, a), unusual);
  return l.branch(
    condition,
    () => anyPower(l, a, b),
    () => powerOf(l, split(l, a), b),
  );
}

/** 2^(b log2 x) for x in parts, of which the exponent may be infinite or NaN. */
function powerOf(l: Lanes, { mantissa, exponent }: Parts, b: Term): Term {
  const d = new Doubles(l);
  const wide = d.keep(d.fromFloat(l.keep(mantissa)));
  const s = d.keep(d.div(d.sub(wide, d.constant(1)), d.add(wide, d.constant(1))));
  const series = d.polynomial(
    d.keep(d.mul(s, s)),
    [0.34074047707133176, 0.4116721082476868, 0.5770835962079813, 0.9617966732755402, 2.885390081790147],
  );
  const logarithm = d.multiplyAdd(s, series, d.fromFloat(exponent));
  const power = d.keep(d.clamp(d.mul(d.fromFloat(b), logarithm), -160, 160));
  const { whole, integer } = d.nearest(power);
  const r = l.keep(d.toFloat(d.sub(power, whole)));
  const p = l.polynomial(r, [1.5463289e-4, 1.3391011e-3, 9.618062e-3, 5.5503596e-2, 2.402265e-1, Math.LN2]);
  return scale(l, l.keep(l.multiplyAdd(p, r, l.float(1))), l.keepInteger(l.addInteger(integer, l.integer(254))));
}

/** Every other case: zero, negative and infinite bases, infinite exponents, NaN. */
function anyPower(l: Lanes, a: Term, b: Term): Term {
  const infinity = l.float(Number.POSITIVE_INFINITY);
  const base = l.keep(l.abs(a));
  const { mantissa, exponent } = splitAny(l, base);
  const finite = l.select(l.less(base, infinity), exponent, base);
  const e = l.keep(l.select(l.equal(base, l.float(0)), l.float(Number.NEGATIVE_INFINITY), finite));
  const size = powerOf(l, { mantissa, exponent: e }, b);

  const whole = l.keepInteger(isWhole(l, b));
  const odd = l.and(whole, l.not(isWhole(l, l.mul(b, l.float(0.5)))));
  const sign = l.and(l.bitsOf(a), l.selectInteger(odd, l.integer(-0x80000000), l.integer(0)));
  const signed = l.fromBits(l.xor(l.bitsOf(size), sign));
  const imaginary = l.and(l.and(l.less(a, l.float(0)), l.less(base, infinity)), l.not(whole));
  const real = l.select(imaginary, l.float(Number.NaN), signed);
  return l.select(l.or(l.equal(a, l.float(1)), l.equal(b, l.float(0))), l.float(1), real);
}

/** Whether a number has no fraction; true of infinities. */
function isWhole(l: Lanes, x: Term): Term {
  const kept = l.keep(x);
  return l.equal(kept, l.floor(kept));
}
