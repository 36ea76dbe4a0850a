import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import type { Level } from "./kernel.ts";
import { panelWidth } from "./matmul-pack.ts";
import { address, boundedSum, forTiles, minimum, roundUp } from "./ranges.ts";
import { rowTiles } from "./row-tiles.ts";
import { strip, Tile } from "./tile.ts";
import { gap } from "./winograd-shape.ts";
import { type Lanes, products, type TileTransforms } from "./winograd-tiles.ts";

const unroll = 4;
/** Channels of an image transformed before the other half of a panel is. */
const channelsTogether = 16;

/** Sizes of a block of products: for every value of a tile, `pass` of `rows` rows, summed over `steps`, for `tiles` tiles. */
export interface ProductSizes {
  readonly rows: number;
  readonly steps: number;
  readonly tiles: number;
  readonly pass: number;
}

/** Bytes from one value of a tile to the next, and where each operand begins in the block's memory. */
export function productMemory({ steps, tiles, pass }: ProductSizes) {
  const whole = roundUp(steps, 4);
  const strides = { sums: pass * tiles * 4 + gap, weights: pass * whole * 4 + gap, images: tiles * steps * 4 + gap };
  const weights = products * strides.sums;
  const images = weights + products * strides.weights;
  return { strides, whole, weights, images, bytes: roundUp(images + products * strides.images, 16) };
}

/** Weights [row, step, size, size], or [step, row, size, size] if `transposed`. */
export interface ProductWeights {
  readonly base: Local<"i32">;
  readonly size: number;
  readonly transposed: boolean;
  /** Whether windows are turned around. */
  readonly flipped: boolean;
}

/**
 * The middle of a Winograd convolution: transformed images and weights in a thread's own memory, and for each of the tile's
 * values a matrix product of the two. Sums come out as [value, panel, row, 8].
 */
export class TileProducts {
  readonly #f: FunctionBuilder;
  readonly #arithmetic: Arithmetic;
  readonly #transforms: TileTransforms;
  readonly #sizes: ProductSizes;
  readonly #memory: ReturnType<typeof productMemory>;
  /** Where the block begins, which is where its sums do. */
  readonly sums: Local<"i32">;
  readonly #lanes: Lanes;

  constructor(f: FunctionBuilder, level: Level, transforms: TileTransforms, sizes: ProductSizes, sums: Local<"i32">) {
    this.#f = f;
    this.#arithmetic = new Arithmetic(f, level);
    this.#transforms = transforms;
    this.#sizes = sizes;
    this.#memory = productMemory(sizes);
    this.sums = sums;
    this.#lanes = f.locals("i32", 4);
  }

  get sumStride(): number {
    return this.#memory.strides.sums;
  }

  /** Images as panels of eight tiles, [value, panel, channel, 8], some channels at a time so that the lines written stay in cache. */
  images(
    table: Local<"i32">,
    entryBytes: number,
    planeBytes: number,
    transform: (lanes: Lanes, target: Local<"i32">, stride: number) => void,
  ): void {
    const f = this.#f;
    const { steps, tiles } = this.#sizes;
    const { strides, images } = this.#memory;
    const [entry, target, panel, half, channel, first, last] = f.locals("i32", 7);
    f.set(entry, table);
    f.for(panel, 0, tiles, panelWidth, () => {
      f.for(first, 0, steps, channelsTogether, () => {
        boundedSum(f, last, first, channelsTogether, steps);
        f.for(half, 0, panelWidth, 4, () => {
          this.#lanes.forEach((lane, i) =>
            f.set(lane, () =>
              address(f, () => f.i32.load(i * entryBytes, () => address(f, entry, [half, entryBytes])), [first, planeBytes]),
            ),
          );
          f.set(target, () =>
            address(
              f,
              () => f.i32.add(this.sums, images),
              [panel, steps * 4],
              [() => f.i32.add(() => f.i32.mul(first, panelWidth), half), 4],
            ),
          );
          f.for(channel, first, last, 1, () => {
            transform(this.#lanes, target, strides.images);
            for (const lane of this.#lanes) f.advance(lane, planeBytes);
            f.advance(target, panelWidth * 4);
          });
        });
      });
      f.advance(entry, panelWidth * entryBytes);
    });
    f.free(entry, target, panel, half, channel, first, last);
  }

  /** Weights of the rows of a pass, as [value, row, step]. */
  weights({ base, size, transposed, flipped }: ProductWeights, row0: Local<"i32">, rowEnd: Local<"i32">): void {
    const f = this.#f;
    const { rows, steps } = this.#sizes;
    const { strides, whole, weights } = this.#memory;
    const window = size * size * 4;
    const [rowStride, stepStride] = transposed ? [window, rows * window] : [steps * window, window];
    const [row, step, target, line, from] = f.locals("i32", 5);
    f.set(line, () => f.i32.add(this.sums, weights));
    f.for(row, row0, rowEnd, 1, () => {
      f.set(target, line);
      f.set(from, () => address(f, base, [row, rowStride]));
      f.for(step, 0, steps, 4, () => {
        this.#lanes.forEach((lane, i) => {
          f.set(lane, () => f.i32.add(step, i));
          if (steps % 4 !== 0) f.set(lane, () => minimum(f, lane, steps - 1));
          f.set(lane, () => address(f, from, [lane, stepStride]));
        });
        this.#transforms.weights(this.#lanes, size, flipped, target, strides.weights);
        f.advance(target, 16);
      });
      f.advance(line, whole * 4);
    });
    f.free(row, step, target, line, from);
  }

  /** The sums of the pass that begins at `row0`. */
  multiply(row0: Local<"i32">): void {
    const f = this.#f;
    const arithmetic = this.#arithmetic;
    const { rows, steps, tiles, pass } = this.#sizes;
    const { strides, whole, weights, images } = this.#memory;
    const [value, a, b, target, panel, rowA, stepA, stepB, sumsAt, turn] = f.locals("i32", 10);
    f.set(a, () => f.i32.add(this.sums, weights));
    f.set(b, () => f.i32.add(this.sums, images));
    f.set(target, this.sums);
    f.for(value, 0, products, 1, () => {
      f.for(panel, 0, tiles, panelWidth, () => {
        f.set(sumsAt, target);
        f.set(rowA, a);
        forTiles(f, rowTiles(rows, arithmetic.level), row0, pass, (_row, height) => {
          const sums = new Tile(arithmetic, height, strip(4, panelWidth));
          f.set(stepA, rowA);
          f.set(stepB, b);
          sums.zero();
          const product = (turns: number) => {
            for (let i = 0; i < turns; i++)
              sums.step(
                (r) => arithmetic.splat((r * whole + i) * 4, stepA),
                (column) => arithmetic.load((i * panelWidth + column) * 4, stepB),
              );
          };
          f.for(turn, 0, steps - (steps % unroll), unroll, () => {
            product(unroll);
            f.advance(stepA, unroll * 4);
            f.advance(stepB, unroll * panelWidth * 4);
          });
          product(steps % unroll);
          sums.save(sumsAt, panelWidth * 4);
          sums.free();
          f.advance(rowA, height * whole * 4);
          f.advance(sumsAt, height * panelWidth * 4);
        });
        f.advance(b, steps * panelWidth * 4);
        f.advance(target, pass * panelWidth * 4);
      });
      f.advance(a, strides.weights);
      f.advance(b, gap);
      f.advance(target, gap);
    });
    f.free(value, a, b, target, panel, rowA, stepA, stepB, sumsAt, turn);
  }

  /** Visits the sums of each row of a pass, four tiles at a time: `source` is where the first value of those tiles lies. */
  each(row0: Local<"i32">, rowEnd: Local<"i32">, visit: (row: Local<"i32">, tile: Local<"i32">, source: Local<"i32">) => void): void {
    const f = this.#f;
    const { tiles, pass } = this.#sizes;
    const [row, tile, source, line] = f.locals("i32", 4);
    f.set(line, this.sums);
    f.for(row, row0, rowEnd, 1, () => {
      f.set(source, line);
      f.for(tile, 0, tiles, 4, () => {
        visit(row, tile, source);
        // The second half of a panel lies beside its first; the next panel after all rows.
        f.advance(source, () => f.select("i32", pass * panelWidth * 4 - 16, 16, () => f.i32.and(tile, 4)));
      });
      f.advance(line, panelWidth * 4);
    });
    f.free(row, tile, source, line);
  }
}

/** Visits the passes of rows from `row0` to `rowEnd`: transforms their weights, multiplies, and leaves the sums to `visit`. */
export function forPasses(
  f: FunctionBuilder,
  tileProducts: TileProducts,
  weights: ProductWeights,
  pass: number,
  [first, end]: readonly [Local<"i32">, Local<"i32">],
  visit: (row0: Local<"i32">, rowEnd: Local<"i32">) => void,
): void {
  const [row0, rowEnd] = f.locals("i32", 2);
  f.for(row0, first, end, pass, () => {
    boundedSum(f, rowEnd, row0, pass, end);
    tileProducts.weights(weights, row0, rowEnd);
    tileProducts.multiply(row0);
    visit(row0, rowEnd);
  });
  f.free(row0, rowEnd);
}
