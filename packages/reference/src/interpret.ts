import { type Combine, evaluateLeaf, type IndexExpression, type Scalar, sizeOf, wrapTo } from "@gradus/tensor";
import type { LoopStep } from "@gradus/compile";

/** A function that computes a scalar for the current loop indices. */
type Compute = () => number;

/** Whether halves are rounded where a program says so, or left in float64 as everything else is. */
export type Rounding = "halves" | "none";

/** Runs a loop nest element by element in float64. */
export function runLoop(
  { extents, reduce, terms, writes }: LoopStep,
  reads: readonly Float64Array[],
  outputs: readonly Float64Array[],
  rounding: Rounding,
  { from, to }: { readonly from: number; readonly to: number } = { from: 0, to: sizeOf(extents) },
): void {
  const axes = new Array<number>(extents.length + reduce.length).fill(0);
  const accumulators = terms.map(() => 0);
  const machine = new Interpreter(axes, accumulators, reads, rounding);
  const termValues = terms.map(({ value }) => machine.compile(value));
  const storeValues = writes.map(({ value }) => machine.compile(value));
  const inner = sizeOf(reduce);
  const results = new Array<number>(writes.length).fill(0);
  for (let element = from; element < to; element++) {
    spread(element, extents, axes, 0);
    if (terms.length > 0) {
      terms.forEach(({ combine }, slot) => {
        const gather = new Gather(combine);
        for (let position = 0; position < inner; position++) {
          spread(position, reduce, axes, extents.length);
          machine.clear();
          gather.take(termValues[slot]?.() ?? 0, position);
        }
        accumulators[slot] = gather.result();
      });
    }
    machine.clear();
    storeValues.forEach((value, i) => (results[i] = value()));
    outputs.forEach((output, i) => (output[element] = results[i] ?? 0));
  }
}

/** The running value of a reduction; the first extreme wins, a NaN wins over all. */
class Gather {
  readonly #combine: Combine;
  #value: number;
  #position = 0;

  constructor(combine: Combine) {
    this.#combine = combine;
    this.#value =
      combine === "sum"
        ? 0
        : combine === "prod"
          ? 1
          : combine === "max" || combine === "argmax"
            ? Number.NEGATIVE_INFINITY
            : Number.POSITIVE_INFINITY;
  }

  take(value: number, position: number): void {
    switch (this.#combine) {
      case "sum":
        this.#value += value;
        return;
      case "prod":
        this.#value *= value;
        return;
      case "max":
        this.#value = Math.max(this.#value, value);
        return;
      case "min":
        this.#value = Math.min(this.#value, value);
        return;
      case "argmax":
      case "argmin":
        if (Number.isNaN(this.#value)) return;
        if (position === 0 || Number.isNaN(value) || (this.#combine === "argmax" ? value > this.#value : value < this.#value)) {
          this.#value = value;
          this.#position = position;
        }
        return;
    }
    this.#combine satisfies never;
  }

  result(): number {
    return this.#combine === "argmax" || this.#combine === "argmin" ? this.#position : this.#value;
  }
}

/** Turns scalar programs into closures over the loop indices, computing each shared node once an element. */
export class Interpreter {
  readonly #axes: readonly number[];
  readonly #accumulators: readonly number[];
  readonly #reads: readonly Float64Array[];
  readonly #rounding: Rounding;
  readonly #compiled = new Map<Scalar, Compute>();
  readonly #values: (number | undefined)[] = [];

  constructor(axes: readonly number[], accumulators: readonly number[], reads: readonly Float64Array[], rounding: Rounding) {
    this.#axes = axes;
    this.#accumulators = accumulators;
    this.#reads = reads;
    this.#rounding = rounding;
  }

  /** Forgets the values of the element before. */
  clear(): void {
    this.#values.fill(undefined);
  }

  compile(scalar: Scalar): Compute {
    let compute = this.#compiled.get(scalar);
    if (compute === undefined) {
      const once = this.#build(scalar);
      const slot = this.#values.push(undefined) - 1;
      compute = () => (this.#values[slot] ??= once());
      this.#compiled.set(scalar, compute);
    }
    return compute;
  }

  #build(scalar: Scalar): Compute {
    switch (scalar.kind) {
      case "constant":
        return () => scalar.value;
      case "index":
        return this.#index(scalar.of);
      case "accumulator":
        return () => this.#accumulators[scalar.slot] ?? 0;
      case "load": {
        const at = this.#index(scalar.at);
        const data = this.#reads[scalar.buffer];
        return () => data?.[at()] ?? Number.NaN;
      }
      case "call": {
        const args = scalar.args.map((arg) => this.compile(arg));
        if (scalar.leaf === "select") {
          const [condition, then, otherwise] = args;
          return () => ((condition?.() ?? 0) !== 0 ? (then?.() ?? 0) : (otherwise?.() ?? 0));
        }
        if (scalar.leaf === "toFloat16" && this.#rounding === "none") return args[0] ?? (() => Number.NaN);
        const argumentType = scalar.args[0]?.dtype ?? scalar.dtype;
        return () =>
          wrapTo(
            scalar.dtype,
            evaluateLeaf(
              scalar.leaf,
              argumentType === "float32" ? "float32" : scalar.dtype,
              args.map((arg) => arg()),
            ),
          );
      }
    }
    scalar satisfies never;
    throw new RangeError("unknown scalar");
  }

  #index({ constant, terms }: IndexExpression): Compute {
    const parts = terms.map(({ atom, coefficient }): Compute => {
      switch (atom.kind) {
        case "axis":
          return () => coefficient * (this.#axes[atom.axis] ?? 0);
        case "div": {
          const of = this.#index(atom.of);
          return () => coefficient * Math.floor(of() / atom.by);
        }
        case "mod": {
          const of = this.#index(atom.of);
          return () => coefficient * (((of() % atom.by) + atom.by) % atom.by);
        }
        case "clamp": {
          const of = this.#index(atom.of);
          return () => coefficient * Math.min(Math.max(of(), atom.low), atom.high);
        }
        case "value": {
          const value = this.compile(atom.value);
          return () => coefficient * value();
        }
      }
      atom satisfies never;
      throw new RangeError("unknown index");
    });
    return () => parts.reduce((sum, part) => sum + part(), constant);
  }
}

/** Writes the indices of a row-major position into `axes`, from number `first`. */
export function spread(position: number, extents: readonly number[], axes: number[], first: number): void {
  let rest = position;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = extents[axis] ?? 1;
    axes[first + axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
}
