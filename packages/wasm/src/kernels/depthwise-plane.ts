import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic, type Vector } from "./arithmetic.ts";
import type { Finished, Level } from "./kernel.ts";
import { address } from "./ranges.ts";
import { bytesOf, loadColumns } from "./row-columns.ts";
import { at, finishVector } from "./tile.ts";

/** Windows up to this size keep their weights in registers, beside the sums. */
export const weightRegisters = 9;

/**
 * One direction of a plane's correlation: out[i] sums weight[t] * in[(i * down + t * dilation - pad) / up] over the taps t
 * where the division is exact. Forward, `down` is the stride; a gradient goes `up` by it.
 */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly taps: number;
  readonly down: number;
  readonly up: number;
  readonly dilation: number;
  readonly pad: number;
}

/** What becomes of a plane's rows; `finish` pushes a pixel's final value. */
export type PlaneTask =
  | { readonly kind: "outputs"; readonly finish: ((pixel: Local<"i32">, finished: Finished) => void) | null }
  | { readonly kind: "weights" };

/** Where the planes lie, and a row of zeros as long as the input's. */
export interface PlaneAddresses {
  readonly input: Local<"i32">;
  readonly zeros: Local<"i32">;
  readonly output: Local<"i32">;
}

/** Floats of a plane that the first-level cache holds beside its output. */
const cachedPlane = 4096;

/**
 * Output rows that share the input rows they touch. More rows load less, and are a tenth faster on planes that stay in cache. On
 * planes that come from memory fewer are: 112 x 112 by four rows 36 GFLOP/s, by two 44; presumably fewer lines are awaited at once.
 */
export function rowsTogether(rows: Axis, columns: Axis): number {
  if (rows.up > 1) return rows.up;
  return rows.down === 1 && columns.up === 1 && rows.input * columns.input <= cachedPlane ? 4 : 2;
}

/** One sum of the tile: an output row, and the columns `phase + up * i`. */
interface Sum {
  readonly row: number;
  readonly phase: number;
}

interface Product {
  readonly sum: number;
  readonly tap: number;
}

/**
 * Emits the rows of one plane: what its outputs sum, or what its weights' gradients do. Either way sums stay in registers, and
 * each vector of the input is loaded once for a few output rows.
 */
export class PlaneEmitter {
  readonly #arithmetic: Arithmetic;
  readonly #rows: Axis;
  readonly #columns: Axis;
  readonly #turned: boolean;
  readonly #weights: readonly Vector[];
  readonly #weight: Local<"i32">;

  constructor(f: FunctionBuilder, level: Level, rows: Axis, columns: Axis, turned: boolean) {
    this.#arithmetic = new Arithmetic(f, level);
    this.#rows = rows;
    this.#columns = columns;
    this.#turned = turned;
    const taps = rows.taps * columns.taps;
    this.#weights = this.#arithmetic.vectors(taps <= weightRegisters ? taps : 1);
    this.#weight = f.local("i32");
  }

  loadWeights(weight: Local<"i32">): void {
    const { f } = this.#arithmetic;
    f.set(this.#weight, weight);
    if (this.#kept) this.#weights.forEach((_, tap) => this.#loadWeight(tap, tap));
  }

  /** Starts sums of the weights' gradients. */
  zeroWeights(): void {
    this.#weights.forEach((weight) => {
      this.#arithmetic.zero();
      this.#arithmetic.f.set(weight);
    });
  }

  /** Reads sums that `saveWeights` stored. */
  resumeWeights(address: Local<"i32">): void {
    this.#weights.forEach((weight, tap) => {
      this.#arithmetic.load(tap * 16, address);
      this.#arithmetic.f.set(weight);
    });
  }

  saveWeights(address: Local<"i32">): void {
    this.#weights.forEach((weight, tap) => this.#arithmetic.store(tap * 16, address, weight));
  }

  /** Stores the weights' gradients, lanes summed. */
  storeWeights(gradient: Local<"i32">): void {
    this.#weights.forEach((weight, tap) => this.#arithmetic.f.f32.store(tap * 4, gradient, () => this.#arithmetic.sum(weight)));
  }

  /**
   * Rows [row, row + count) of the output: computed and stored, values passing through `finish`; or, as cotangents, multiplied into
   * the sums of the weights' gradients.
   */
  rows({ input, zeros, output }: PlaneAddresses, row: Local<"i32">, count: number, task: PlaneTask): void {
    const arithmetic = this.#arithmetic;
    const { f, lanes } = arithmetic;
    const [rows, columns] = [this.#rows, this.#columns];
    const sums: Sum[] = Array.from({ length: count * columns.up }, (_, i) => ({
      row: Math.floor(i / columns.up),
      phase: i % columns.up,
    }));
    const inputRows = [...new Set(sums.flatMap((sum) => reached(rows, sum.row).map(({ from }) => from)))].sort((a, b) => a - b);
    const pointers = inputRows.map((offset) => {
      const index = f.local("i32", () => (rows.up === 1 ? f.i32.mul(row, rows.down) : f.i32.div_u(row, rows.up)));
      f.advance(index, offset);
      f.set(index, () =>
        f.select(
          "i32",
          () => address(f, input, [index, columns.input * 4]),
          zeros,
          () => f.i32.lt_u(index, rows.input),
        ),
      );
      return index;
    });
    const out = f.local("i32", () => address(f, output, [row, columns.output * 4]));
    const [moved, shifted, begin, pixel] = f.locals("i32", 4);
    const computes = task.kind === "outputs";
    const finish = computes ? task.finish : null;
    const accumulators = arithmetic.vectors(sums.length);
    const value = arithmetic.vector();

    /** Vectors at `quad`, of whatever lies inside; or at `begin` floats beyond, where everything does. */
    const vectors = (quad: number, inside: boolean) => {
      const target = inside ? shifted : out;
      if (inside) f.set(shifted, () => f.i32.add(out, columns.up === 1 ? begin : () => f.i32.mul(begin, columns.up)));
      accumulators.forEach((accumulator, i) => {
        if (computes) arithmetic.zero();
        else arithmetic.load((i * columns.output + quad) * 4, target, Math.min(lanes, columns.output - quad));
        f.set(accumulator);
      });
      inputRows.forEach((from, i) => {
        let pointer = at(pointers, i);
        if (inside) {
          f.set(moved, () => (columns.down === 1 ? f.i32.add(pointer, begin) : f.i32.add(pointer, () => f.i32.mul(begin, columns.down))));
          pointer = moved;
        }
        this.#row(pointer, sums, accumulators, value, from, quad, inside, computes);
      });
      if (!computes) return;
      if (finish !== null) f.set(pixel, () => f.i32.mul(row, columns.output));
      if (finish !== null && inside) f.advance(pixel, () => f.i32.mul(() => f.i32.shr_u(begin, 2), columns.up));
      const place = f.local("i32");
      for (let r = 0; r < count; r++)
        this.#store(
          target,
          r * columns.output,
          quad,
          accumulators.slice(r * columns.up, (r + 1) * columns.up),
          finish === null
            ? null
            : (offset, finished) => {
                f.set(place, () => f.i32.add(pixel, offset));
                finish(place, finished);
              },
        );
      f.free(place);
    };

    const quads = Math.ceil(columns.output / columns.up);
    const offsets = sums.flatMap(({ phase }) => reached(columns, phase).map(({ from }) => from));
    const within = (quad: number) =>
      (quad + lanes) * columns.up <= columns.output &&
      offsets.every((from) => quad * columns.down + from >= 0 && (quad + lanes - 1) * columns.down + from < columns.input);
    for (let quad = 0; quad < quads; quad += lanes) {
      let end = quad;
      while (end < quads && within(end)) end += lanes;
      if (end === quad) vectors(quad, false);
      else {
        f.for(begin, 0, (end - quad) * 4, lanes * 4, () => vectors(quad, true));
        quad = end - lanes;
      }
    }
    f.free(out, moved, shifted, begin, pixel, value, ...accumulators, ...pointers);
  }

  /** Adds what one input row contributes: each vector of it is loaded once, for all the sums it enters. */
  #row(
    pointer: Local<"i32">,
    sums: readonly Sum[],
    accumulators: readonly Vector[],
    value: Vector,
    inputRow: number,
    quad: number,
    inside: boolean,
    computes: boolean,
  ): void {
    const arithmetic = this.#arithmetic;
    const { f, lanes } = arithmetic;
    const [rows, columns] = [this.#rows, this.#columns];
    const entries = new Map<number, Product[]>();
    sums.forEach(({ row, phase }, sum) => {
      for (const { from, tap } of reached(rows, row))
        if (from === inputRow)
          for (const column of reached(columns, phase)) {
            const products = entries.get(column.from) ?? [];
            products.push({ sum, tap: tap * columns.taps + column.tap });
            entries.set(column.from, products);
          }
    });
    const add = (products: readonly Product[]) => {
      for (const { sum, tap } of products) {
        if (!this.#kept) this.#loadWeight(tap, 0);
        const [output, weight] = [at(accumulators, sum), at(this.#weights, this.#kept ? tap : 0)];
        if (computes) arithmetic.multiplyAdd(output, weight, value);
        else arithmetic.multiplyAdd(weight, output, value);
      }
    };
    const order = [...entries.keys()].sort((a, b) => a - b);
    for (let i = 0; i < order.length; i++) {
      const from = at(order, i);
      const first = quad * columns.down + from;
      // Of eight adjacent floats, the even ones are one tap's vector and the odd ones the next's.
      if (inside && lanes === 4 && columns.down === 2 && order[i + 1] === from + 1) {
        const [low, high] = [f.local("v128"), f.local("v128")];
        f.set(low, () => f.v128.load(first * 4, pointer));
        f.set(high, () => f.v128.load(first * 4 + 16, pointer));
        for (const odd of [0, 1]) {
          f.get(low);
          f.get(high);
          f.i8x16.shuffle(bytesOf([0, 2, 4, 6].map((lane) => lane + odd)));
          f.set(value);
          add(entries.get(from + odd) ?? []);
        }
        f.free(low, high);
        i++;
        continue;
      }
      const load = loadColumns(arithmetic, {
        first,
        step: columns.down,
        count: Math.ceil(columns.output / columns.up) - quad,
        width: inside ? Number.POSITIVE_INFINITY : columns.input,
      });
      if (load === null) continue;
      load(pointer);
      f.set(value);
      add(entries.get(from) ?? []);
    }
  }

  /** Stores one row's vectors, one for each phase. */
  #store(
    out: Local<"i32">,
    rowOffset: number,
    quad: number,
    phases: readonly Vector[],
    finish: ((offset: number, finished: Finished) => void) | null,
  ): void {
    const arithmetic = this.#arithmetic;
    const { f, lanes } = arithmetic;
    const { up, output } = this.#columns;
    const vector = (value: Vector, column: number, count: number) => {
      if (count <= 0) return;
      const offset = rowOffset + column;
      if (finish === null) arithmetic.store(offset * 4, out, value, count);
      else finishVector(arithmetic, out, offset * 4, value, count, (finished, element) => finish(offset + element, finished));
    };
    const column = quad * up;
    const left = output - column;
    if (lanes === 1) return phases.forEach((value, phase) => vector(value, column + phase, Math.min(1, left - phase)));
    if (up === 1) return phases.forEach((value) => vector(value, column, Math.min(4, left)));
    if (up === 2) {
      const mixed = arithmetic.vector();
      [0, 1].forEach((half) => {
        phases.forEach((value) => f.get(value));
        f.i8x16.shuffle(bytesOf([0, 4, 1, 5].map((lane) => lane + 2 * half)));
        f.set(mixed);
        vector(mixed, column + 4 * half, Math.min(4, left - 4 * half));
      });
      return f.free(mixed);
    }
    const element = f.local("f32");
    phases.forEach((value, phase) => {
      for (let lane = 0; lane < 4 && lane * up + phase < left; lane++) {
        arithmetic.element(lane, value);
        f.set(element);
        const offset = rowOffset + column + lane * up + phase;
        f.f32.store(offset * 4, out, () => (finish === null ? f.get(element) : finish(offset, { lanes: 1, accumulator: element })));
      }
    });
    f.free(element);
  }

  get #kept(): boolean {
    return this.#weights.length === this.#rows.taps * this.#columns.taps;
  }

  #loadWeight(tap: number, register: number): void {
    const last = this.#rows.taps * this.#columns.taps - 1;
    this.#arithmetic.splat((this.#turned ? last - tap : tap) * 4, this.#weight);
    this.#arithmetic.f.set(at(this.#weights, register));
  }
}

/** The taps that give an output, with the input each reads, relative to where the tile begins. */
function reached({ taps, down, up, dilation, pad }: Axis, output: number): { readonly tap: number; readonly from: number }[] {
  return Array.from({ length: taps }, (_, tap) => ({ tap, from: (output * down + tap * dilation - pad) / up })).filter(({ from }) =>
    Number.isInteger(from),
  );
}
