import type { FunctionBuilder, GlobalHandle, Local, ModuleBuilder } from "../asm/index.ts";
import { at } from "./tile.ts";

/*
 * Minimal filtering of Toom and Cook, in Winograd's form: a correlation with r taps that gives m outputs is the product of
 * two polynomials, and takes m + r - 1 multiplications when it is done on their values at as many points. Here m + r - 1 = 6 and the
 * points are 0, a, -a, b, -b and infinity; F(4, 3) is the convolution and its input gradient, F(3, 4) the weight gradient.
 * Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.
 */

/** Points along one axis, and so values of a tile along it. */
export const points = 6;

/** With these points the rounding errors are a third of those with the usual 1 and 2: about those of the direct sum. */
const a = Math.SQRT1_2;
const b = Math.SQRT2;
const pairs = [
  [a, b],
  [b, a],
] as const;

/** A vector's local, or how to push the vector. */
export type Value = Local<"v128"> | (() => void);
type Term = readonly [coefficient: number, value: Value];

/** Sums of vectors with constant coefficients, which are constants of the module. */
export class Combinations {
  readonly f: FunctionBuilder;
  readonly #module: ModuleBuilder;
  readonly #fused: boolean;

  constructor(f: FunctionBuilder, module: ModuleBuilder, fused: boolean) {
    this.f = f;
    this.#module = module;
    this.#fused = fused;
  }

  /** A correlation's input, 6 values, at the points: B^T x. */
  input(values: readonly Local<"v128">[], out: (point: number, value: Value) => void): void {
    const x = (i: number) => at(values, i);
    const [sum, product] = [-(a * a + b * b), a * a * b * b];
    out(0, () => this.#sum([1, x(4)], [sum, x(2)], [product, x(0)]));
    pairs.forEach(([p, q], i) => {
      this.#evenAndOdd(
        [
          [1, x(4)],
          [-q * q, x(2)],
        ],
        [
          [p, x(3)],
          [-p * q * q, x(1)],
        ],
        1 + 2 * i,
        out,
      );
    });
    out(5, () => this.#sum([1, x(5)], [sum, x(3)], [product, x(1)]));
  }

  /** The input's contributions from the values at the points: B y, the transpose of `input`. */
  contributions(y: readonly Local<"v128">[], out: (index: number, value: Value) => void): void {
    const { f } = this;
    const { sums, differences } = this.#pairs(y);
    const [sum, product] = [-(a * a + b * b), a * a * b * b];
    const [y0, y5] = [at(y, 0), at(y, 5)];
    const each = (values: readonly Local<"v128">[], coefficient: (p: number, q: number) => number) =>
      pairs.map(([p, q], i): Term => [coefficient(p, q), at(values, i)]);
    out(0, () => this.#sum([product, y0]));
    out(1, () => this.#sum([product, y5], ...each(differences, (p, q) => -p * q * q)));
    out(2, () => this.#sum([sum, y0], ...each(sums, (_, q) => -q * q)));
    out(3, () => this.#sum([sum, y5], ...each(differences, (p) => p)));
    out(4, () => this.#sum([1, y0], ...each(sums, () => 1)));
    out(5, y5);
    f.free(...sums, ...differences);
  }

  /** A filter of 2 to 5 taps at the points: G g. */
  filter(g: readonly Local<"v128">[], out: (point: number, value: Value) => void): void {
    this.#powers(g, (p, q) => 1 / (2 * p * p * (p * p - q * q)), 1 / (a * a * b * b), out);
  }

  /** Outputs' cotangents at the points: A y, the transpose of `output`. */
  spread(y: readonly Local<"v128">[], out: (point: number, value: Value) => void): void {
    this.#powers(y, () => 1, 1, out);
  }

  #powers(
    values: readonly Local<"v128">[],
    scale: (p: number, q: number) => number,
    first: number,
    out: (point: number, value: Value) => void,
  ): void {
    out(0, () => this.#sum([first, at(values, 0)]));
    pairs.forEach(([p, q], i) => {
      const terms = values.map((value, power): Term => [p ** power * scale(p, q), value]);
      this.#evenAndOdd(
        terms.filter((_, power) => power % 2 === 0),
        terms.filter((_, power) => power % 2 === 1),
        1 + 2 * i,
        out,
      );
    });
    out(5, at(values, values.length - 1));
  }

  /** `count` outputs from the products at the points: A^T y. */
  output(y: readonly Local<"v128">[], count: number, out: (index: number, value: Value) => void): void {
    const { f } = this;
    const { sums, differences } = this.#pairs(y);
    for (let power = 0; power < count; power++) {
      const terms = pairs.map(([p], i): Term => [p ** power, at(power % 2 === 0 ? sums : differences, i)]);
      if (power === 0) terms.unshift([1, at(y, 0)]);
      if (power === count - 1) terms.unshift([1, at(y, 5)]);
      out(power, () => this.#sum(...terms));
    }
    f.free(...sums, ...differences);
  }

  /** Sums and differences of the values at p and at -p. */
  #pairs(y: readonly Local<"v128">[]) {
    const combine = (sign: number) =>
      pairs.map((_, i) => this.f.local("v128", () => this.#sum([1, at(y, 1 + 2 * i)], [sign, at(y, 2 + 2 * i)])));
    return { sums: combine(1), differences: combine(-1) };
  }

  /** Values at p and at -p: even powers plus and minus odd ones. */
  #evenAndOdd(even: readonly Term[], odd: readonly Term[], point: number, out: (point: number, value: Value) => void): void {
    const { f } = this;
    const [e, o] = [f.local("v128", () => this.#sum(...even)), f.local("v128", () => this.#sum(...odd))];
    out(point, () => f.f32x4.add(e, o));
    out(point + 1, () => f.f32x4.sub(e, o));
    f.free(e, o);
  }

  /** Pushes the sum, a term of coefficient 1 first if there is one. */
  #sum(...terms: readonly Term[]): void {
    const { f } = this;
    const first = Math.max(
      0,
      terms.findIndex(([coefficient]) => coefficient === 1),
    );
    const rest = terms.filter((_, i) => i !== first);
    const push = (count: number): void => {
      const term = rest[count - 1];
      if (term === undefined) {
        const [coefficient, value] = at(terms, first);
        f.push("v128", value);
        if (coefficient !== 1) f.f32x4.mul(() => f.globalGet(this.#constant(coefficient)));
        return;
      }
      const [coefficient, value] = term;
      const before = () => push(count - 1);
      if (coefficient === 1) f.f32x4.add(before, value);
      else if (coefficient === -1) f.f32x4.sub(before, value);
      else if (this.#fused) f.f32x4.relaxed_madd(value, () => f.globalGet(this.#constant(coefficient)), before);
      else f.f32x4.add(before, () => f.f32x4.mul(value, () => f.globalGet(this.#constant(coefficient))));
    };
    push(rest.length);
  }

  #constant(value: number): GlobalHandle<"v128"> {
    return this.#module.constant(new Uint8Array(new Float32Array(4).fill(value).buffer));
  }
}
