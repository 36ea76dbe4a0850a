import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "../kernels/kernel.ts";

/** Emits code that leaves one value on the stack: a vector of four lanes, or one number. */
export type Term = () => void;

/**
 * Arithmetic over one or four lanes, so that a formula is written once.
 *
 * With four lanes every value is a v128, and a truth is a mask of all ones or all zeros; with one lane floats are f32,
 * integers and truths (0 or 1) i32. Terms used more than once go through `keep`.
 */
export class Lanes {
  readonly f: FunctionBuilder;
  readonly count: 4 | 1;
  readonly level: Level;
  readonly #module: ModuleBuilder | null;
  #kept: Local[] = [];
  #steps: Term[] | null = null;

  /** With `module`, vector constants are globals of it: worth it where a function has many and is called in a loop. */
  constructor(f: FunctionBuilder, count: 4 | 1, level: Level, module: ModuleBuilder | null = null) {
    this.f = f;
    this.count = count;
    this.level = level;
    this.#module = module;
  }

  /** The same lanes with constants in a module, for a formula that is written out. */
  within(module: ModuleBuilder): Lanes {
    const lanes = new Lanes(this.f, this.count, this.level, module);
    lanes.#kept = this.#kept;
    lanes.#steps = this.#steps;
    return lanes;
  }

  /** From now on what `keep` evaluates goes to the end of `steps`, to be emitted when each is called; with null, at once again. */
  defer(steps: Term[] | null): void {
    this.#steps = steps;
  }

  /** Evaluates a float term once; the result may be used any number of times until `release`. */
  keep(term: Term): Term {
    return this.#hold(this.count === 4 ? "v128" : "f32", term);
  }

  /** `keep` for an integer or a truth. */
  keepInteger(term: Term): Term {
    return this.#hold(this.count === 4 ? "v128" : "i32", term);
  }

  /** `keep` for an f64, or on four lanes for a vector of two. */
  keepDouble(term: Term): Term {
    return this.#hold(this.count === 4 ? "v128" : "f64", term);
  }

  /** Frees every kept term. */
  release(): void {
    this.f.free(...this.#kept.splice(0));
  }

  float(value: number): Term {
    if (this.count === 1) return () => this.f.f32.const(value);
    return this.vector(new Float32Array([value, value, value, value]));
  }

  integer(value: number): Term {
    if (this.count === 1) return () => this.f.i32.const(value);
    return this.vector(new Int32Array([value, value, value, value]));
  }

  /** A v128 of 16 given bytes. */
  vector(values: Float32Array | Float64Array | Int32Array): Term {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return () => (this.#module === null ? this.f.v128.const(bytes) : this.f.globalGet(this.#module.constant(bytes)));
  }

  add(a: Term, b: Term): Term {
    return this.#float2(a, b, "add");
  }
  sub(a: Term, b: Term): Term {
    return this.#float2(a, b, "sub");
  }
  mul(a: Term, b: Term): Term {
    return this.#float2(a, b, "mul");
  }
  div(a: Term, b: Term): Term {
    return this.#float2(a, b, "div");
  }
  /** The smaller; NaN if either is. */
  min(a: Term, b: Term): Term {
    return this.#float2(a, b, "min");
  }
  /** The larger; NaN if either is. */
  max(a: Term, b: Term): Term {
    return this.#float2(a, b, "max");
  }
  sqrt(a: Term): Term {
    return this.#float1(a, "sqrt");
  }
  abs(a: Term): Term {
    return this.#float1(a, "abs");
  }
  neg(a: Term): Term {
    return this.#float1(a, "neg");
  }
  floor(a: Term): Term {
    return this.#float1(a, "floor");
  }
  ceil(a: Term): Term {
    return this.#float1(a, "ceil");
  }
  truncate(a: Term): Term {
    return this.#float1(a, "trunc");
  }
  /** To the nearest whole number, halves to even. */
  nearest(a: Term): Term {
    return this.#float1(a, "nearest");
  }

  /** a * b + c; rounded once on the relaxed level where the host fuses it. */
  multiplyAdd(a: Term, b: Term, c: Term): Term {
    if (this.count === 4 && this.level === "relaxed") return () => this.f.f32x4.relaxed_madd(a, b, c);
    return this.add(this.mul(a, b), c);
  }

  /** Horner's rule: coefficients from the highest power down. `x` must be cheap to repeat. */
  polynomial(x: Term, coefficients: readonly number[]): Term {
    return coefficients
      .slice(1)
      .reduce((sum, coefficient) => this.multiplyAdd(sum, x, this.float(coefficient)), this.float(coefficients[0] ?? 0));
  }

  less(a: Term, b: Term): Term {
    return this.#float2(a, b, "lt");
  }
  lessEqual(a: Term, b: Term): Term {
    return this.#float2(a, b, "le");
  }
  equal(a: Term, b: Term): Term {
    return this.#float2(a, b, "eq");
  }
  notEqual(a: Term, b: Term): Term {
    return this.#float2(a, b, "ne");
  }

  /** One float or the other, by a truth. */
  select(truth: Term, then: Term, otherwise: Term): Term {
    if (this.count === 4) return () => this.f.v128.bitselect(then, otherwise, truth);
    return () => this.f.select("f32", then, otherwise, truth);
  }
  selectInteger(truth: Term, then: Term, otherwise: Term): Term {
    if (this.count === 4) return () => this.f.v128.bitselect(then, otherwise, truth);
    return () => this.f.select("i32", then, otherwise, truth);
  }
  /** `a < b ? b : a`: keeps a NaN in `a`; half the price of `max`. */
  larger(a: Term, b: Term): Term {
    if (this.count === 4) return () => this.f.f32x4.pmax(a, b);
    const x = this.keep(a);
    const y = this.keep(b);
    return this.select(this.less(x, y), y, x);
  }
  /** `b < a ? b : a`: keeps a NaN in `a`; half the price of `min`. */
  smaller(a: Term, b: Term): Term {
    if (this.count === 4) return () => this.f.f32x4.pmin(a, b);
    const x = this.keep(a);
    const y = this.keep(b);
    return this.select(this.less(y, x), y, x);
  }
  /** `a` with the sign bit of `b` set too: `a` must be positive, zero, or of `b`'s sign. */
  withSign(a: Term, b: Term): Term {
    return this.fromBits(this.or(this.bitsOf(a), this.and(this.bitsOf(b), this.integer(-0x80000000))));
  }
  /** Whether a truth holds in any lane, as an i32. */
  any(truth: Term): Term {
    return this.count === 4 ? () => this.f.v128.any_true(truth) : truth;
  }
  /** A float computed one way or the other, by an i32; each way is emitted inside its branch. */
  branch(condition: Term, then: () => Term, otherwise: () => Term): Term {
    // What is kept within a branch belongs there, whenever the branch is emitted.
    const here = (way: () => Term) => (): void => {
      const steps = this.#steps;
      this.#steps = null;
      way()();
      this.#steps = steps;
    };
    return () => this.f.if(condition, here(then), here(otherwise), this.count === 4 ? "v128" : "f32");
  }

  addInteger(a: Term, b: Term): Term {
    return this.#integer2(a, b, "add");
  }
  subInteger(a: Term, b: Term): Term {
    return this.#integer2(a, b, "sub");
  }
  mulInteger(a: Term, b: Term): Term {
    return this.#integer2(a, b, "mul");
  }
  and(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.v128.and(a, b) : () => this.f.i32.and(a, b);
  }
  or(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.v128.or(a, b) : () => this.f.i32.or(a, b);
  }
  xor(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.v128.xor(a, b) : () => this.f.i32.xor(a, b);
  }
  /** The opposite of a truth. */
  not(a: Term): Term {
    return this.count === 4 ? () => this.f.v128.not(a) : () => this.f.i32.eqz(a);
  }
  shiftLeft(a: Term, bits: number): Term {
    return this.count === 4 ? () => this.f.i32x4.shl(a, bits) : () => this.f.i32.shl(a, bits);
  }
  /** Shifts zeros in from the left. */
  shiftRight(a: Term, bits: number): Term {
    return this.count === 4 ? () => this.f.i32x4.shr_u(a, bits) : () => this.f.i32.shr_u(a, bits);
  }
  /** Shifts copies of the sign in from the left. */
  shiftRightSigned(a: Term, bits: number): Term {
    return this.count === 4 ? () => this.f.i32x4.shr_s(a, bits) : () => this.f.i32.shr_s(a, bits);
  }
  lessInteger(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.i32x4.lt_s(a, b) : () => this.f.i32.lt_s(a, b);
  }
  lessEqualInteger(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.i32x4.le_s(a, b) : () => this.f.i32.le_s(a, b);
  }
  equalInteger(a: Term, b: Term): Term {
    return this.count === 4 ? () => this.f.i32x4.eq(a, b) : () => this.f.i32.eq(a, b);
  }

  /** Float to integer, towards zero, saturating; NaN gives 0. */
  toInteger(a: Term): Term {
    return this.count === 4 ? () => this.f.i32x4.trunc_sat_f32x4_s(a) : () => this.f.i32.trunc_sat_f32_s(a);
  }
  toFloat(a: Term): Term {
    return this.count === 4 ? () => this.f.f32x4.convert_i32x4_s(a) : () => this.f.f32.convert_i32_s(a);
  }
  /** The float's bits as an integer. */
  bitsOf(a: Term): Term {
    return this.count === 4 ? a : () => this.f.i32.reinterpret_f32(a);
  }
  fromBits(a: Term): Term {
    return this.count === 4 ? a : () => this.f.f32.reinterpret_i32(a);
  }

  #hold(type: "v128" | "f32" | "f64" | "i32", term: Term): Term {
    const local = this.f.local(type);
    this.#kept.push(local);
    const step = (): void => this.f.set(local, term);
    if (this.#steps === null) step();
    else this.#steps.push(step);
    return () => this.f.get(local);
  }

  #float1(a: Term, name: "sqrt" | "abs" | "neg" | "floor" | "ceil" | "trunc" | "nearest"): Term {
    return this.count === 4 ? () => this.f.f32x4[name](a) : () => this.f.f32[name](a);
  }

  #float2(a: Term, b: Term, name: "add" | "sub" | "mul" | "div" | "min" | "max" | "lt" | "le" | "eq" | "ne"): Term {
    return this.count === 4 ? () => this.f.f32x4[name](a, b) : () => this.f.f32[name](a, b);
  }

  #integer2(a: Term, b: Term, name: "add" | "sub" | "mul"): Term {
    return this.count === 4 ? () => this.f.i32x4[name](a, b) : () => this.f.i32[name](a, b);
  }
}
