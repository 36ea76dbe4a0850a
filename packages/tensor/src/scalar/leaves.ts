import type { DType } from "../dtype.ts";
import { roundToFloat16 } from "../float16.ts";

/** How a leaf's result dtype follows from its arguments: the last argument's, or a fixed one. */
type Result = "same" | DType;

interface Leaf {
  readonly arity: 1 | 2 | 3;
  readonly result: Result;
  /** Rough cost beside one addition: what fusion weighs when it decides to recompute or to store. */
  readonly cost: number;
  /** The meaning in float64; integers are wrapped to their dtype by whoever evaluates. */
  readonly js: (a: number, b: number, c: number) => number;
}

const scratch = new DataView(new ArrayBuffer(4));

/**
 * The scalar functions every backend must emit: the whole of what loop kernels compute with.
 *
 * Comparisons and logic return 0 or 1. `larger(a, b)` is `a < b ? b : a` and, with a constant `b`, keeps a NaN in `a`;
 * `max` and `min` return NaN if either is. `round` is half to even. `rem` has the dividend's sign.
 * `single` rounds to float32: nothing to do on a device that computes in float32, and what keeps the
 * float64 reference on the same random numbers. `toFloat16` rounds a float32 to the nearest half, and `toFloat32` takes one back:
 * no other leaf meets a half.
 */
export const leaves = {
  neg: { arity: 1, result: "same", cost: 1, js: (a) => -a },
  abs: { arity: 1, result: "same", cost: 1, js: Math.abs },
  sign: { arity: 1, result: "same", cost: 2, js: Math.sign },
  floor: { arity: 1, result: "same", cost: 1, js: Math.floor },
  ceil: { arity: 1, result: "same", cost: 1, js: Math.ceil },
  trunc: { arity: 1, result: "same", cost: 1, js: Math.trunc },
  round: { arity: 1, result: "same", cost: 1, js: roundHalfEven },
  single: { arity: 1, result: "same", cost: 0, js: Math.fround },
  sqrt: { arity: 1, result: "same", cost: 3, js: Math.sqrt },
  exp: { arity: 1, result: "same", cost: 10, js: Math.exp },
  expm1: { arity: 1, result: "same", cost: 12, js: Math.expm1 },
  log: { arity: 1, result: "same", cost: 12, js: Math.log },
  log1p: { arity: 1, result: "same", cost: 14, js: Math.log1p },
  sin: { arity: 1, result: "same", cost: 15, js: Math.sin },
  cos: { arity: 1, result: "same", cost: 15, js: Math.cos },
  tan: { arity: 1, result: "same", cost: 18, js: Math.tan },
  asin: { arity: 1, result: "same", cost: 15, js: Math.asin },
  acos: { arity: 1, result: "same", cost: 15, js: Math.acos },
  atan: { arity: 1, result: "same", cost: 15, js: Math.atan },
  sinh: { arity: 1, result: "same", cost: 15, js: Math.sinh },
  cosh: { arity: 1, result: "same", cost: 15, js: Math.cosh },
  asinh: { arity: 1, result: "same", cost: 18, js: Math.asinh },
  acosh: { arity: 1, result: "same", cost: 18, js: Math.acosh },
  atanh: { arity: 1, result: "same", cost: 18, js: Math.atanh },
  tanh: { arity: 1, result: "same", cost: 9, js: Math.tanh },
  erf: { arity: 1, result: "same", cost: 9, js: erf },
  add: { arity: 2, result: "same", cost: 1, js: (a, b) => a + b },
  sub: { arity: 2, result: "same", cost: 1, js: (a, b) => a - b },
  mul: { arity: 2, result: "same", cost: 1, js: (a, b) => a * b },
  div: { arity: 2, result: "same", cost: 3, js: (a, b) => a / b },
  rem: { arity: 2, result: "same", cost: 5, js: (a, b) => a % b },
  pow: { arity: 2, result: "same", cost: 25, js: (a, b) => (a === 1 || b === 0 ? 1 : Math.pow(a, b)) },
  atan2: { arity: 2, result: "same", cost: 18, js: Math.atan2 },
  max: { arity: 2, result: "same", cost: 1, js: (a, b) => Math.max(a, b) },
  min: { arity: 2, result: "same", cost: 1, js: (a, b) => Math.min(a, b) },
  larger: { arity: 2, result: "same", cost: 1, js: (a, b) => (a < b ? b : a) },
  equal: { arity: 2, result: "bool", cost: 1, js: (a, b) => Number(a === b) },
  notEqual: { arity: 2, result: "bool", cost: 1, js: (a, b) => Number(a !== b) },
  less: { arity: 2, result: "bool", cost: 1, js: (a, b) => Number(a < b) },
  lessEqual: { arity: 2, result: "bool", cost: 1, js: (a, b) => Number(a <= b) },
  and: { arity: 2, result: "same", cost: 1, js: (a, b) => a & b },
  or: { arity: 2, result: "same", cost: 1, js: (a, b) => a | b },
  xor: { arity: 2, result: "same", cost: 1, js: (a, b) => a ^ b },
  not: { arity: 1, result: "bool", cost: 1, js: (a) => Number(a === 0) },
  shiftLeft: { arity: 2, result: "same", cost: 1, js: (a, b) => a << b },
  shiftRight: { arity: 2, result: "same", cost: 1, js: (a, b) => a >>> b },
  select: { arity: 3, result: "same", cost: 1, js: (a, b, c) => (a !== 0 ? b : c) },
  toFloat32: { arity: 1, result: "float32", cost: 1, js: (a) => a },
  toFloat16: { arity: 1, result: "float16", cost: 6, js: roundToFloat16 },
  toInt32: { arity: 1, result: "int32", cost: 1, js: saturateInt32 },
  toUint8: { arity: 1, result: "uint8", cost: 1, js: (a) => saturateInt32(a) & 255 },
  toInt8: { arity: 1, result: "int8", cost: 2, js: (a) => (saturateInt32(a) << 24) >> 24 },
  toBool: { arity: 1, result: "bool", cost: 1, js: (a) => Number(a !== 0) },
  bitsOf: {
    arity: 1,
    result: "int32",
    cost: 0,
    js: (a) => {
      scratch.setFloat32(0, a);
      return scratch.getInt32(0);
    },
  },
  fromBits: {
    arity: 1,
    result: "float32",
    cost: 0,
    js: (a) => {
      scratch.setInt32(0, a);
      return scratch.getFloat32(0);
    },
  },
} as const satisfies Record<string, Leaf>;

export type LeafName = keyof typeof leaves;
export const leafTable: Readonly<Record<LeafName, Leaf>> = leaves;

function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const gap = x - down;
  if (gap !== 0.5) return Math.floor(x + 0.5);
  return down % 2 === 0 ? down : down + 1;
}

/** Truncates towards zero and clamps to int32; NaN becomes 0. The same on every backend. */
function saturateInt32(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.max(-2147483648, Math.min(2147483647, Math.trunc(x)));
}

/**
 * The error function 2/sqrt(pi) * integral of exp(-t^2) from 0 to x, to float64 precision:
 * the Maclaurin series below 3, the continued fraction of erfc above (Abramowitz and Stegun 7.1.6, 7.1.14).
 */
function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}
