import type { Scalar, ScalarBuilder } from "../scalar/expression.ts";

/**
 * The arithmetic that random numbers are made with, over numbers on the host or scalar programs of a kernel.
 *
 * An algorithm written once over this gives the same bits in both: floats are rounded to float32 after every step,
 * integers wrap at 32 bits, and nothing else is used.
 */
export interface Arithmetic<T> {
  float(value: number): T;
  int(value: number): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  sqrt(a: T): T;
  addInt(a: T, b: T): T;
  and(a: T, b: T): T;
  or(a: T, b: T): T;
  xor(a: T, b: T): T;
  shiftLeft(a: T, by: number): T;
  /** Fills with zeros. */
  shiftRight(a: T, by: number): T;
  floatOf(int: T): T;
  /** Drops the fraction. */
  intOf(float: T): T;
  bitsOf(float: T): T;
  fromBits(int: T): T;
  /** `a < b ? yes : no`, for floats. */
  ifLess(a: T, b: T, yes: T, no: T): T;
  /** The natural logarithm of a positive number. */
  log(a: T): T;
}

const { fround } = Math;
const scratch = new DataView(new ArrayBuffer(4));

/** Numbers, rounded as a device rounds them. */
export const onHost: Arithmetic<number> = {
  float: fround,
  int: (value) => value | 0,
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  sqrt: (a) => fround(Math.sqrt(a)),
  addInt: (a, b) => (a + b) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, by) => a << by,
  shiftRight: (a, by) => (a >>> by) | 0,
  floatOf: fround,
  intOf: (float) => Math.trunc(float) | 0,
  bitsOf(float) {
    scratch.setFloat32(0, float);
    return scratch.getInt32(0);
  },
  fromBits(int) {
    scratch.setInt32(0, int);
    return scratch.getFloat32(0);
  },
  ifLess: (a, b, yes, no) => (a < b ? yes : no),
  log: (a) => logarithm(onHost, a),
};

/** Scalar programs of a loop kernel, rounded step by step so that a float64 reference follows. */
export function inKernel(s: ScalarBuilder): Arithmetic<Scalar> {
  const arithmetic: Arithmetic<Scalar> = { ...inProgram(s, (value) => s.call("single", value)), log: (a) => logarithm(arithmetic, a) };
  return arithmetic;
}

/** Scalar programs in whatever precision they are evaluated in: for ops whose meaning is a function of real numbers. */
export function inProgram(s: ScalarBuilder, rounded: (value: Scalar) => Scalar = (value) => value): Arithmetic<Scalar> {
  return {
    float: (value) => s.constant("float32", fround(value)),
    int: (value) => s.constant("int32", value | 0),
    add: (a, b) => rounded(s.call("add", a, b)),
    sub: (a, b) => rounded(s.call("sub", a, b)),
    mul: (a, b) => rounded(s.call("mul", a, b)),
    div: (a, b) => rounded(s.call("div", a, b)),
    sqrt: (a) => rounded(s.call("sqrt", a)),
    addInt: (a, b) => s.call("add", a, b),
    and: (a, b) => s.call("and", a, b),
    or: (a, b) => s.call("or", a, b),
    xor: (a, b) => s.call("xor", a, b),
    shiftLeft: (a, by) => s.call("shiftLeft", a, s.constant("int32", by)),
    shiftRight: (a, by) => s.call("shiftRight", a, s.constant("int32", by)),
    floatOf: (int) => rounded(s.call("toFloat32", int)),
    intOf: (float) => s.call("toInt32", float),
    bitsOf: (float) => s.call("bitsOf", float),
    fromBits: (int) => s.call("fromBits", int),
    ifLess: (a, b, yes, no) => s.call("select", s.call("less", a, b), yes, no),
    log: (a) => s.call("log", a),
  };
}

/**
 * The natural logarithm of a positive normal float32, within 2 units in the last place of its value or of 1:
 * x = 2^k m with m in sqrt(1/2) .. sqrt(2), and log m = 2 artanh(t) with t = (m - 1) / (m + 1) by its series.
 * Every device's own logarithm differs in the last bits; this one is the same everywhere.
 */
function logarithm<T>(f: Arithmetic<T>, x: T): T {
  const halfRoot = 0x3f3504f3; // the bits of sqrt(1/2)
  const shifted = f.addInt(f.bitsOf(x), f.int(0x3f800000 - halfRoot));
  const k = f.floatOf(f.addInt(f.shiftRight(shifted, 23), f.int(-127)));
  const m = f.fromBits(f.addInt(f.and(shifted, f.int(0x007fffff)), f.int(halfRoot)));
  const t = f.div(f.sub(m, f.float(1)), f.add(m, f.float(1)));
  const series = polynomial(f, f.mul(t, t), [1 / 9, 1 / 7, 1 / 5, 1 / 3, 1]);
  return f.add(f.mul(k, f.float(Math.LN2)), f.mul(f.add(t, t), series));
}

/** Horner's rule, the highest power's coefficient first. */
export function polynomial<T>(f: Arithmetic<T>, x: T, coefficients: ArrayLike<number>): T {
  let sum = f.float(coefficients[0] ?? 0);
  for (let i = 1; i < coefficients.length; i++) sum = f.add(f.mul(sum, x), f.float(coefficients[i] ?? 0));
  return sum;
}
