import type { Lanes, Term } from "./lanes.ts";

const hiddenBit = 1 << 23;
/** What a float32's exponent is ahead of a half's, in the float32's bits. */
const ahead = 112 * hiddenBit;
/** A half's infinity, moved to where a float32 has its exponent and fraction. */
const infinity = 0x7c00 << 13;

/**
 * The bits of the half nearest to a float, ties to the even one; infinity from 65520 on.
 *
 * Added to a power of two 2^13 times its own, a float is rounded to a half's last place, and the sum's bits count such places.
 * Below 2^-14 the power stays, for there the places stay: subnormals need no case of their own.
 */
export function toHalf(l: Lanes, a: Term): Term {
  const x = l.keep(a);
  const size = l.keep(l.smaller(l.abs(x), l.float(65536)));
  const power = l.fromBits(l.and(l.bitsOf(size), l.integer(0x7f800000)));
  const grid = l.keep(l.mul(l.larger(power, l.float(2 ** -14)), l.float(2 ** 13)));
  const places = l.subInteger(l.bitsOf(l.add(size, grid)), l.bitsOf(grid));
  const exponent = l.subInteger(l.shiftRight(l.bitsOf(grid), 13), l.integer(126 << 10));
  const bits = l.selectInteger(l.equal(x, x), l.addInteger(places, exponent), l.integer(0x7e00));
  return l.or(bits, l.and(l.shiftRight(l.bitsOf(x), 16), l.integer(0x8000)));
}

/** The float that a half's bits stand for. A subnormal has its fraction read behind a hidden bit, which is then taken away. */
export function fromHalf(l: Lanes, half: Term): Term {
  const bits = l.keepInteger(half);
  const size = l.keepInteger(l.shiftLeft(l.and(bits, l.integer(0x7fff)), 13));
  const normal = l.keepInteger(
    l.addInteger(size, l.selectInteger(l.lessInteger(size, l.integer(infinity)), l.integer(ahead), l.integer(2 * ahead))),
  );
  const subnormal = l.sub(l.fromBits(l.addInteger(normal, l.integer(hiddenBit))), l.float(2 ** -14));
  const value = l.select(l.lessInteger(size, l.integer(hiddenBit)), subnormal, l.fromBits(normal));
  return l.fromBits(l.or(l.bitsOf(value), l.shiftLeft(l.and(bits, l.integer(0x8000)), 16)));
}
