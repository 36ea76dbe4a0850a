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

  /** Tiles of 4 x 4 pixels, taken as filters. */
  cotangents(lanes: Lanes, rowBytes: number, target: Local<"i32">, stride: number): void {
    this.#transform(4, (row) => this.#load(lanes, row * rowBytes, 4), "filter", target, stride);
  }

  /** Windows of 3 x 3 adjacent weights, turned around if `flipped`. */
  weights(lanes: Lanes, flipped: boolean, target: Local<"i32">, stride: number): void {
    const f = this.#f;
    // No load reaches beyond a window's nine floats.
    const taps = [...this.#load(lanes, 0, 4), ...this.#load(lanes, 16, 4)];
    const last = f.local("v128");
    f.set(last, () => {
      f.v128.load32_zero(32, lanes[0]);
    });
    for (const lane of [1, 2, 3] as const) f.set(last, () => f.v128.load32_lane(32, lane, lanes[lane], last));
    taps.push(last);
    if (flipped) taps.reverse();
    const column = (j: number) => [at(taps, j), at(taps, 3 + j), at(taps, 6 + j)];
    for (let j = 0; j < 3; j++)
      this.#combinations.filter(column(j), (i, value) => f.v128.store((i * points + j) * 16, this.#temporary, value));
    f.free(...taps);
    for (let i = 0; i < points; i++) {
      const row = this.#reload([0, 1, 2].map((j) => i * points + j));
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

  #transform(rows: number, load: (row: number) => Local<"v128">[], kind: "input" | "filter", target: Local<"i32">, stride: number): void {
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

  /** Four or six adjacent floats at each lane's address, transposed: vector j holds the lanes' j-th. */
  #load(lanes: Lanes, offset: number, count: 4 | 6): Local<"v128">[] {
    const f = this.#f;
    const first = lanes.map((lane) => f.local("v128", () => f.v128.load(offset, lane)));
    transpose(f, first);
    if (count === 4) return first;
    const [low, high] = [f.local("v128"), f.local("v128")];
    const pair = (target: Local<"v128">, x: Local<"i32">, y: Local<"i32">) =>
      f.set(target, () => {
        f.v128.load64_zero(offset + 16, x);
        f.v128.load64_zero(offset + 16, y);
        shuffle(f, [0, 4, 1, 5]);
      });
    pair(low, lanes[0], lanes[1]);
    pair(high, lanes[2], lanes[3]);
    const join = (picks: readonly number[]) =>
      f.local("v128", () => {
        f.get(low);
        f.get(high);
        shuffle(f, picks);
      });
    const more = [join([0, 1, 4, 5]), join([2, 3, 6, 7])];
    f.free(low, high);
    return [...first, ...more];
  }
}

function shuffle(f: FunctionBuilder, picks: readonly number[]): void {
  f.i8x16.shuffle(picks.flatMap((pick) => [0, 1, 2, 3].map((byte) => pick * 4 + byte)));
}
