import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "./kernel.ts";
import { transpose } from "./matmul-pack.ts";
import { bytesOf } from "./row-columns.ts";
import { at } from "./tile.ts";
import { Combinations, points, type Value } from "./winograd-transform.ts";

/** Multiplications of a tile. */
export const multiplications = points * points;
/** Bytes of memory the transforms need between rows and columns. */
export const temporaryBytes = multiplications * 16;

/** Four addresses: lane i of every vector belongs to the i-th. */
export type Lanes = readonly [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];

/** Where the values of a transformed tile go, `stride` bytes apart. */
export interface Values {
  readonly at: Local<"i32">;
  readonly stride: number;
}

type Combine = (values: readonly Local<"v128">[], out: (index: number, value: Value) => void) => void;

/** Transforms of four square tiles at once, a tile in each lane, along one axis and then the other. */
export class TileTransforms {
  readonly #f: FunctionBuilder;
  readonly #combinations: Combinations;
  readonly #temporary: Local<"i32">;

  constructor(f: FunctionBuilder, module: ModuleBuilder, level: Level, temporary: Local<"i32">) {
    this.#f = f;
    this.#combinations = new Combinations(f, module, level === "relaxed");
    this.#temporary = temporary;
  }

  /**
   * Tiles of `size` x `size` pixels: as a correlation's `input`, of 6 x 6; as its `filter`; or `spread`, as cotangents of its outputs.
   * Value (i, j) is the (6 i + j)-th.
   */
  pixels(kind: "input" | "filter" | "spread", size: number, lanes: Lanes, rowBytes: number, { at: target, stride }: Values): void {
    this.#along(
      size,
      (row) => this.#load(lanes, row * rowBytes, size),
      (values, out) => this.#combinations[kind](values, out),
      points,
      (j, i, value) => this.#f.v128.store((i * points + j) * stride, target, value),
    );
  }

  /** Windows of `size` x `size` adjacent weights, an odd number of them, turned around if `flipped`. */
  weights(lanes: Lanes, size: number, flipped: boolean, { at: target, stride }: Values): void {
    const f = this.#f;
    // Four at a time and then the last, so that no load reaches beyond a window.
    const offset = (size * size - 1) * 4;
    const taps = Array.from({ length: (size * size - 1) / 4 }, (_, i) => this.#load(lanes, i * 16, 4)).flat();
    const last = f.local("v128", () => f.v128.load32_zero(offset, lanes[0]));
    for (const lane of [1, 2, 3] as const) f.set(last, () => f.v128.load32_lane(offset, lane, lanes[lane], last));
    taps.push(last);
    if (flipped) taps.reverse();
    this.#along(
      size,
      (j) => Array.from({ length: size }, (_, i) => at(taps, i * size + j)),
      (values, out) => this.#combinations.filter(values, out),
      points,
      (i, j, value) => f.v128.store((i * points + j) * stride, target, value),
    );
  }

  /** What tiles of 6 x 6 pixels receive from their products: `visit` gets each pixel's vector. */
  contributions(source: Values, visit: (i: number, j: number, value: Value) => void): void {
    this.#along(
      points,
      (j) => this.#column(source, j),
      (values, out) => this.#combinations.contributions(values, out),
      points,
      visit,
    );
  }

  /** The `count` x `count` outputs of a tile from its products: `row` gets each row's vectors. */
  outputs(source: Values, count: number, row: (i: number, values: readonly Local<"v128">[]) => void): void {
    const f = this.#f;
    const outs: Local<"v128">[] = [];
    this.#along(
      points,
      (j) => this.#column(source, j),
      (values, out) => this.#combinations.output(values, count, out),
      count,
      (_, __, value) => outs.push(f.local("v128", value)),
      (i) => {
        row(i, outs);
        f.free(...outs.splice(0));
      },
    );
  }

  /** Combines `lines` lines along their axis; then, through memory, each of the `results` lines across them. */
  #along(
    lines: number,
    load: (line: number) => readonly Local<"v128">[],
    combine: Combine,
    results: number,
    visit: (across: number, along: number, value: Value) => void,
    visited: (across: number) => void = () => {},
  ): void {
    const f = this.#f;
    const place = (line: number, result: number) => (line * points + result) * 16;
    for (let line = 0; line < lines; line++) {
      const values = load(line);
      combine(values, (result, value) => f.v128.store(place(line, result), this.#temporary, value));
      f.free(...values);
    }
    for (let result = 0; result < results; result++) {
      const values = Array.from({ length: lines }, (_, line) => f.local("v128", () => f.v128.load(place(line, result), this.#temporary)));
      combine(values, (i, value) => visit(result, i, value));
      f.free(...values);
      visited(result);
    }
  }

  #column({ at: source, stride }: Values, j: number): Local<"v128">[] {
    const f = this.#f;
    return Array.from({ length: points }, (_, i) => f.local("v128", () => f.v128.load((i * points + j) * stride, source)));
  }

  /** Two, four or six adjacent floats at each lane's address, transposed: vector j holds the lanes' j-th. */
  #load(lanes: Lanes, offset: number, count: number): Local<"v128">[] {
    const f = this.#f;
    if (count === 2) return this.#loadPairs(lanes, offset);
    const first = lanes.map((lane) => f.local("v128", () => f.v128.load(offset, lane)));
    transpose(f, first);
    return count === 4 ? first : [...first, ...this.#loadPairs(lanes, offset + 16)];
  }

  #loadPairs(lanes: Lanes, offset: number): Local<"v128">[] {
    const f = this.#f;
    const pair = (x: Local<"i32">, y: Local<"i32">) =>
      f.local("v128", () =>
        shuffle(
          f,
          [0, 4, 1, 5],
          () => f.v128.load64_zero(offset, x),
          () => f.v128.load64_zero(offset, y),
        ),
      );
    const [low, high] = [pair(lanes[0], lanes[1]), pair(lanes[2], lanes[3])];
    const joined = [0, 2].map((first) => f.local("v128", () => shuffle(f, [first, first + 1, first + 4, first + 5], low, high)));
    f.free(low, high);
    return joined;
  }
}

/** Pushes four of the eight lanes of two vectors. */
export function shuffle(f: FunctionBuilder, picks: readonly number[], a: Value, b: Value): void {
  f.i8x16.shuffle(bytesOf(picks), a, b);
}
