import type { Lanes, Term } from "../lanes.ts";

/** The lanes of a float32 value in float64: one f64, or two vectors of two, low lanes first. */
export type Double = readonly Term[];

/** 1.5 * 2^52: added to a float64 below 2^51 it leaves the nearest whole number in the lowest bits. */
const shifter = 6755399441055744;

/**
 * Arithmetic in float64 over the lanes of a `Lanes`, for the steps of a formula that float32 cannot hold.
 *
 * Every step costs two instructions on four lanes, and a conversion three. Doubles used more than once go through `keep`.
 */
export class Doubles {
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Evaluates once; the result may be used any number of times until the lanes are released. */
  keep(a: Double): Double {
    return a.map((term) => this.#lanes.keepDouble(term));
  }

  constant(value: number): Double {
    const { f, count } = this.#lanes;
    if (count === 1) return [() => f.f64.const(value)];
    const term = this.#lanes.vector(new Float64Array([value, value]));
    return [term, term];
  }

  /** Exact; `a` is evaluated twice on four lanes. */
  fromFloat(a: Term): Double {
    const { f, count } = this.#lanes;
    if (count === 1) return [() => f.f64.promote_f32(a)];
    const high = () => f.i8x16.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15], a, a);
    return [() => f.f64x2.promote_low_f32x4(a), () => f.f64x2.promote_low_f32x4(high)];
  }

  /** Rounded to nearest. */
  toFloat(a: Double): Term {
    const { f, count } = this.#lanes;
    const [low, high = low] = a;
    if (low === undefined || high === undefined) throw new RangeError("a double has at least one term");
    if (count === 1) return () => f.f32.demote_f64(low);
    const joined = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
    return () =>
      f.i8x16.shuffle(
        joined,
        () => f.f32x4.demote_f64x2_zero(low),
        () => f.f32x4.demote_f64x2_zero(high),
      );
  }

  add(a: Double, b: Double): Double {
    return this.#pairwise(a, b, "add");
  }
  sub(a: Double, b: Double): Double {
    return this.#pairwise(a, b, "sub");
  }
  mul(a: Double, b: Double): Double {
    return this.#pairwise(a, b, "mul");
  }
  div(a: Double, b: Double): Double {
    return this.#pairwise(a, b, "div");
  }

  /** a * b + c; rounded once on the relaxed level where the host fuses it. */
  multiplyAdd(a: Double, b: Double, c: Double): Double {
    const { f, count, level } = this.#lanes;
    if (count === 1 || level !== "relaxed") return this.add(this.mul(a, b), c);
    return zip(a, b, (x, y, i) => () => f.f64x2.relaxed_madd(x, y, c[i] ?? x));
  }

  /** Horner's rule: coefficients from the highest power down. `x` must be cheap to repeat. */
  polynomial(x: Double, coefficients: readonly number[]): Double {
    return coefficients
      .slice(1)
      .reduce((sum, coefficient) => this.multiplyAdd(sum, x, this.constant(coefficient)), this.constant(coefficients[0] ?? 0));
  }

  /** Between two constants; a NaN stays. */
  clamp(a: Double, low: number, high: number): Double {
    const { f, count } = this.#lanes;
    const [least, most] = [this.constant(low), this.constant(high)];
    if (count === 1)
      return zip(
        zip(a, least, (x, y) => () => f.f64.max(x, y)),
        most,
        (x, y) => () => f.f64.min(x, y),
      );
    return zip(
      zip(a, least, (x, y) => () => f.f64x2.pmax(x, y)),
      most,
      (x, y) => () => f.f64x2.pmin(x, y),
    );
  }

  /**
   * The nearest whole number, halves to even, for |a| < 2^51, and the same as an integer: exact below 2^23,
   * its lowest 23 bits right beyond.
   */
  nearest(a: Double): { readonly whole: Double; readonly integer: Term } {
    const { f, count } = this.#lanes;
    const shifted = this.keep(this.add(a, this.constant(shifter)));
    const whole = this.keep(this.sub(shifted, this.constant(shifter)));
    const [low, high] = shifted;
    if (count === 4 && low !== undefined && high !== undefined) {
      const evenWords = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
      return { whole, integer: () => f.i8x16.shuffle(evenWords, low, high) };
    }
    const period = 2 ** 24;
    const turns = this.sub(this.add(this.mul(whole, this.constant(1 / period)), this.constant(shifter)), this.constant(shifter));
    const rest = this.sub(whole, this.mul(turns, this.constant(period)));
    return { whole, integer: this.#lanes.toInteger(this.toFloat(rest)) };
  }

  /** Rounded to 24 significant bits (Veltkamp's splitting), whatever the exponent. */
  shorten(a: Double): Double {
    const kept = this.keep(a);
    const product = this.keep(this.mul(kept, this.constant(2 ** 29 + 1)));
    return this.sub(product, this.sub(product, kept));
  }

  #pairwise(a: Double, b: Double, name: "add" | "sub" | "mul" | "div"): Double {
    const { f, count } = this.#lanes;
    return zip(a, b, (x, y) => (count === 4 ? () => f.f64x2[name](x, y) : () => f.f64[name](x, y)));
  }
}

function zip(a: Double, b: Double, join: (x: Term, y: Term, index: number) => Term): Double {
  return a.map((term, i) => join(term, b[i] ?? term, i));
}
