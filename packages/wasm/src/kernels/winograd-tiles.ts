import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "./kernel.ts";
import { transpose } from "./matmul-pack.ts";
import { at } from "./tile.ts";
import { Combinations, points } from "./winograd-transform.ts";

/** Multiplications of a tile. */
export const products = points * points;
/** Bytes of memory the transforms need between rows and columns. */
export const temporaryBytes = products * 16;

/** Four addresses: lane i of every vector belongs to the i-th. */
export type Lanes = readonly [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];

/** Transforms of four square tiles at once, a tile in each lane, rows first and then columns. */
export class TileTransforms {
  readonly #f: FunctionBuilder;
  readonly #combinations: Combinations;
  readonly #temporary: Local<"i32">;

  constructor(f: FunctionBuilder, module: ModuleBuilder, level: Level, temporary: Local<"i32">) {
    this.#f = f;
    this.#combinations = new Combinations(f, module, level === "relaxed");
    this.#temporary = temporary;
  }

  /** Tiles of 6 x 6 pixels: value (i, j) of the transform goes to target + (6 i + j) * stride. */
  images(lanes: Lanes, rowBytes: number, target: Local<"i32">, stride: number): void {
    this.#transform(points, (row) => this.#load(lanes, row * rowBytes, 6), "input", target, stride);
  }

  /** Tiles of `size` x `size` pixels, taken as filters. */
  cotangents(lanes: Lanes, size: number, rowBytes: number, target: Local<"i32">, stride: number): void {
    this.#transform(size, (row) => this.#load(lanes, row * rowBytes, size), "filter", target, stride);
  }

  /** Tiles of `size` x `size` cotangents of outputs, for the transposed convolution. */
  spread(lanes: Lanes, size: number, rowBytes: number, target: Local<"i32">, stride: number): void {
    this.#transform(size, (row) => this.#load(lanes, row * rowBytes, size), "spread", target, stride);
  }

  /** What tiles of 6 x 6 pixels receive from their products: `visit` gets each pixel's vector. */
  contributions(source: Local<"i32">, stride: number, visit: (i: number, j: number, push: () => void) => void): void {
    const f = this.#f;
    for (let j = 0; j < points; j++) {
      const column = Array.from({ length: points }, (_, i) => f.local("v128", () => f.v128.load((i * points + j) * stride, source)));
      this.#combinations.contributions(column, (i, value) => f.v128.store((i * points + j) * 16, this.#temporary, value));
      f.free(...column);
    }
    for (let i = 0; i < points; i++) {
      const row = this.#reload(Array.from({ length: points }, (_, j) => i * points + j));
      this.#combinations.contributions(row, (j, value) => visit(i, j, () => f.push("v128", value)));
      f.free(...row);
    }
  }

  /** Windows of `size` x `size` adjacent weights, an odd number of them, turned around if `flipped`. */
  weights(lanes: Lanes, size: number, flipped: boolean, target: Local<"i32">, stride: number): void {
    const f = this.#f;
    // Four at a time and then the last, so that no load reaches beyond a window.
    const taps = Array.from({ length: size * size }, (_, i) => i)
      .filter((i) => i % 4 === 0 && i + 4 <= size * size)
      .flatMap((i) => this.#load(lanes, i * 4, 4));
    const offset = (size * size - 1) * 4;
    const last = f.local("v128", () => f.v128.load32_zero(offset, lanes[0]));
    for (const lane of [1, 2, 3] as const) f.set(last, () => f.v128.load32_lane(offset, lane, lanes[lane], last));
    taps.push(last);
    if (flipped) taps.reverse();
    const rows = Array.from({ length: size }, (_, i) => i);
    for (let j = 0; j < size; j++) {
      const column = rows.map((i) => at(taps, i * size + j));
      this.#combinations.filter(column, (i, value) => f.v128.store((i * points + j) * 16, this.#temporary, value));
    }
    f.free(...taps);
    for (let i = 0; i < points; i++) {
      const row = this.#reload(rows.map((j) => i * points + j));
      this.#combinations.filter(row, (j, value) => f.v128.store((i * points + j) * stride, target, value));
      f.free(...row);
    }
  }

  /** The `count` x `count` outputs of a tile from its products: `row` gets each row's vectors. */
  outputs(source: Local<"i32">, stride: number, count: number, row: (i: number, values: readonly Local<"v128">[]) => void): void {
    const f = this.#f;
    for (let j = 0; j < points; j++) {
      const column = Array.from({ length: points }, (_, i) => f.local("v128", () => f.v128.load((i * points + j) * stride, source)));
      this.#combinations.output(column, count, (i, value) => f.v128.store((i * points + j) * 16, this.#temporary, value));
      f.free(...column);
    }
    for (let i = 0; i < count; i++) {
      const values = this.#reload(Array.from({ length: points }, (_, j) => i * points + j));
      const outs: Local<"v128">[] = [];
      this.#combinations.output(values, count, (_, value) => outs.push(f.local("v128", value)));
      f.free(...values);
      row(i, outs);
      f.free(...outs);
    }
  }

  #transform(
    rows: number,
    load: (row: number) => Local<"v128">[],
    kind: "input" | "filter" | "spread",
    target: Local<"i32">,
    stride: number,
  ): void {
    const f = this.#f;
    for (let i = 0; i < rows; i++) {
      const row = load(i);
      this.#combinations[kind](row, (j, value) => f.v128.store((i * points + j) * 16, this.#temporary, value));
      f.free(...row);
    }
    for (let j = 0; j < points; j++) {
      const column = this.#reload(Array.from({ length: rows }, (_, i) => i * points + j));
      this.#combinations[kind](column, (i, value) => f.v128.store((i * points + j) * stride, target, value));
      f.free(...column);
    }
  }

  #reload(places: readonly number[]): Local<"v128">[] {
    const f = this.#f;
    return places.map((place) => f.local("v128", () => f.v128.load(place * 16, this.#temporary)));
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
      f.local("v128", () => {
        f.v128.load64_zero(offset, x);
        f.v128.load64_zero(offset, y);
        shuffle(f, [0, 4, 1, 5]);
      });
    const [low, high] = [pair(lanes[0], lanes[1]), pair(lanes[2], lanes[3])];
    const joined = [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ].map((picks) =>
      f.local("v128", () => {
        f.get(low);
        f.get(high);
        shuffle(f, picks);
      }),
    );
    f.free(low, high);
    return joined;
  }
}

/** Pushes four lanes of the two vectors on the stack. */
export function shuffle(f: FunctionBuilder, picks: readonly number[]): void {
  f.i8x16.shuffle(picks.flatMap((pick) => [0, 1, 2, 3].map((byte) => pick * 4 + byte)));
}
