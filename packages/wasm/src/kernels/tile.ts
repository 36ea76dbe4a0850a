import type { Local } from "../asm/index.ts";
import type { Arithmetic, Vector } from "./arithmetic.ts";
import type { Finished } from "./kernel.ts";

/** Pushes the final value of `at.accumulator`, which is at a row and column of the tile. */
export type Finish = (row: number, column: number, at: Finished) => void;

/** One vector of a tile's columns: where it begins, in elements, and how many of its lanes count. */
export interface TileVector {
  readonly column: number;
  readonly count: number;
}

/** `width` adjacent columns as vectors; the last may be partly filled. */
export function strip(lanes: number, width: number, column = 0): readonly TileVector[] {
  return Array.from({ length: Math.ceil(width / lanes) }, (_, i) => ({
    column: column + i * lanes,
    count: Math.min(lanes, width - i * lanes),
  }));
}

/**
 * A register tile: sums of products for `rows` rows and the columns of `vectors`, in accumulators that stay in registers
 * over the whole sum.
 *
 * Each step loads the B vectors, then per row one splat of A and its multiply-adds: in that order, with a single local
 * for A. V8 neither moves loads nor reallocates well beyond 15 live vectors, so loading A's splats up front costs a
 * third of the speed, and 6 x 8 (12 accumulators, 2 B, 1 A) is the largest tile that does not spill.
 */
export class Tile {
  readonly rows: number;
  readonly vectors: readonly TileVector[];
  readonly #arithmetic: Arithmetic;
  readonly #accumulators: readonly (readonly Vector[])[];
  readonly #b: readonly Vector[];
  readonly #a: Vector;

  constructor(arithmetic: Arithmetic, rows: number, vectors: readonly TileVector[]) {
    this.#arithmetic = arithmetic;
    this.rows = rows;
    this.vectors = vectors;
    this.#accumulators = Array.from({ length: rows }, () => arithmetic.vectors(vectors.length));
    this.#b = arithmetic.vectors(rows === 1 ? 1 : vectors.length);
    this.#a = arithmetic.vector();
  }

  zero(): void {
    this.each((_row, _column, _count, accumulator) => {
      this.#arithmetic.zero();
      this.#arithmetic.f.set(accumulator);
    });
  }

  /** Reads sums that `save` stored. */
  resume(address: Local<"i32">, rowStride: number): void {
    this.each((row, column, count, accumulator) => {
      this.#arithmetic.load(row * rowStride + column * 4, address, count);
      this.#arithmetic.f.set(accumulator);
    });
  }

  save(address: Local<"i32">, rowStride: number): void {
    this.each((row, column, count, accumulator) => this.#arithmetic.store(row * rowStride + column * 4, address, accumulator, count));
  }

  /**
   * Adds one product per element of the tile, or of the given `rows`: `b` pushes the vector at a column, `a` the splat of a row;
   * `loaded` sees each vector of B.
   */
  step(
    a: (row: number) => void,
    b: (column: number, count: number) => void,
    { loaded, rows }: { readonly loaded?: ((column: number, vector: Vector) => void) | undefined; readonly rows?: readonly number[] } = {},
  ): void {
    const { f } = this.#arithmetic;
    const load = (i: number, local: Vector) => {
      const { column, count } = at(this.vectors, i);
      b(column, count);
      f.set(local);
      loaded?.(column, local);
    };
    // Several rows share the B vectors, which stay in locals; a single row needs each once, and registers for its sums.
    const shared = this.rows > 1;
    if (shared) this.#b.forEach((local, i) => load(i, local));
    this.#accumulators.forEach((sums, row) => {
      if (rows?.includes(row) === false) return;
      a(row);
      f.set(this.#a);
      sums.forEach((sum, i) => {
        const local = at(this.#b, shared ? i : 0);
        if (!shared) load(i, local);
        this.#arithmetic.multiplyAdd(sum, this.#a, local);
      });
    });
  }

  /** Stores finished values: whole vectors go through `finish` at once, the rest element by element. */
  finish(address: Local<"i32">, rowStride: number, finish: Finish | null): void {
    if (finish === null) return this.save(address, rowStride);
    this.each((row, column, count, accumulator) =>
      finishVector(this.#arithmetic, address, row * rowStride + column * 4, accumulator, count, (at, element) =>
        finish(row, column + element, at),
      ),
    );
  }

  /** As `finish`, one element at a time: for outputs whose last axis is not the tile's. */
  finishEach(address: Local<"i32">, rowStride: number, finish: Finish): void {
    const { f } = this.#arithmetic;
    const element = f.local("f32");
    this.each((row, column, count, accumulator) => {
      for (let i = 0; i < count; i++) {
        this.#arithmetic.element(i, accumulator);
        f.set(element);
        f.f32.store(row * rowStride + (column + i) * 4, address, () => finish(row, column + i, { lanes: 1, accumulator: element }));
      }
    });
    f.free(element);
  }

  free(): void {
    this.#arithmetic.f.free(this.#a, ...this.#b, ...this.#accumulators.flat());
  }

  /** Visits every sum: its row, and the column and lanes of its vector. */
  each(visit: (row: number, column: number, count: number, accumulator: Vector) => void): void {
    this.#accumulators.forEach((sums, row) =>
      sums.forEach((sum, i) => {
        const { column, count } = at(this.vectors, i);
        visit(row, column, count, sum);
      }),
    );
  }
}

/** Finishes and stores the first `count` lanes of a vector. */
export function finishVector(
  arithmetic: Arithmetic,
  address: Local<"i32">,
  offset: number,
  vector: Vector,
  count: number,
  finish: (at: Finished, element: number) => void,
): void {
  const { f } = arithmetic;
  if (isV128(vector) && count === 4) return f.v128.store(offset, address, () => finish({ lanes: 4, accumulator: vector }, 0));
  const element = f.local("f32");
  for (let i = 0; i < count; i++) {
    arithmetic.element(i, vector);
    f.set(element);
    f.f32.store(offset + i * 4, address, () => finish({ lanes: 1, accumulator: element }, i));
  }
  f.free(element);
}

/** An element that is known to be there. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} among ${list.length}`);
  return value;
}

function isV128(vector: Local): vector is Local<"v128"> {
  return vector.type === "v128";
}
