import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import type { Level } from "./kernel.ts";
import { panelWidth } from "./matmul-pack.ts";
import { address, boundedSum, forTiles, roundUp } from "./ranges.ts";
import { tilesOfRows } from "./row-tiles.ts";
import { strip, Tile } from "./tile.ts";
import { gap } from "./winograd-shape.ts";
import { multiplications, type Values } from "./winograd-tiles.ts";

const unroll = 4;
/** Steps of a panel's half that are transformed before the other half is, so that the lines written stay in cache. */
const stepsTogether = 16;

/** Sizes of a block of products: for every value of a tile, `pass` of `rows` rows times `columns` columns, summed over `steps`. */
export interface ProductSizes {
  readonly rows: number;
  readonly pass: number;
  /** Whole panels. */
  readonly columns: number;
  readonly steps: number;
}

/** Bytes from one value of a tile to the next, and where each operand begins in the block's memory; sums come last. */
export function productMemory({ steps, columns, pass }: ProductSizes) {
  const whole = roundUp(steps, unroll);
  const strides = { sums: pass * columns * 4 + gap, filters: pass * whole * 4 + gap, images: columns * steps * 4 + gap };
  const images = multiplications * strides.filters;
  const sums = images + multiplications * strides.images;
  return { strides, whole, images, sums, bytes: roundUp(sums + multiplications * strides.sums, 16) };
}

/**
 * The middle of Winograd's convolutions: for each of a tile's values the matrix product of transformed filters, [value, row, step],
 * and transformed images, [value, panel, step, 8]. Sums come out as [value, panel, row, 8].
 */
export class TileProducts {
  readonly #f: FunctionBuilder;
  readonly #arithmetic: Arithmetic;
  readonly #sizes: ProductSizes;
  readonly #memory: ReturnType<typeof productMemory>;
  readonly #block: Local<"i32">;
  readonly #sums: Local<"i32">;

  /** `sums` may lie apart from the block. */
  constructor(f: FunctionBuilder, level: Level, sizes: ProductSizes, block: Local<"i32">, sums?: Local<"i32">) {
    this.#f = f;
    this.#arithmetic = new Arithmetic(f, level);
    this.#sizes = sizes;
    this.#memory = productMemory(sizes);
    this.#block = block;
    this.#sums = sums ?? f.local("i32", () => f.i32.add(block, this.#memory.sums));
  }

  /** Walks the images: `begin` is told a step and the first of four columns, then `transform` writes those, step after step. */
  images(
    steps: number | Local<"i32">,
    begin: (column: Local<"i32">, step: Local<"i32">) => void,
    transform: (target: Values) => void,
  ): void {
    const f = this.#f;
    const [target, panel, half, column, step, first, last] = f.locals("i32", 7);
    f.for(panel, 0, this.#sizes.columns, panelWidth, () =>
      f.for(first, 0, steps, stepsTogether, () => {
        boundedSum(f, last, first, stepsTogether, steps);
        f.for(half, 0, panelWidth, 4, () => {
          f.set(column, () => f.i32.add(panel, half));
          f.set(target, () => address(f, this.#block, [panel, this.#sizes.steps * 4], [first, panelWidth * 4], [half, 4]));
          f.advance(target, this.#memory.images);
          begin(column, first);
          f.for(step, first, last, 1, () => {
            transform({ at: target, stride: this.#memory.strides.images });
            f.advance(target, panelWidth * 4);
          });
        });
      }),
    );
    f.free(target, panel, half, column, step, first, last);
  }

  /** Walks the filters of some rows: `begin` is told the row, then `transform` writes four steps from the one it is told. */
  filters(
    [row0, rowEnd]: readonly [Local<"i32">, Local<"i32">],
    steps: number | Local<"i32">,
    begin: (row: Local<"i32">) => void,
    transform: (step: Local<"i32">, target: Values) => void,
  ): void {
    const f = this.#f;
    const [row, step, target, line] = f.locals("i32", 4);
    f.set(line, this.#block);
    f.for(row, row0, rowEnd, 1, () => {
      f.set(target, line);
      begin(row);
      f.for(step, 0, steps, 4, () => {
        transform(step, { at: target, stride: this.#memory.strides.filters });
        f.advance(target, 16);
      });
      f.advance(line, this.#memory.whole * 4);
    });
    f.free(row, step, target, line);
  }

  /** The sums of the pass that begins at `row0`; with `begins`, they go on from what is there where it pushes 0. */
  multiply(row0: Local<"i32"> | 0, steps: number | Local<"i32">, begins: (() => void) | null = null): void {
    const f = this.#f;
    const arithmetic = this.#arithmetic;
    const { rows, columns, pass } = this.#sizes;
    const { strides, whole, images } = this.#memory;
    const [value, a, b, target, panel, rowA, stepA, stepB, sumsAt, turn] = f.locals("i32", 10);
    const unrolled = typeof steps === "number" ? steps - (steps % unroll) : f.local("i32", () => f.i32.and(steps, -unroll));
    f.set(a, this.#block);
    f.set(b, () => f.i32.add(this.#block, images));
    f.set(target, this.#sums);
    f.for(value, 0, multiplications, 1, () => {
      f.for(panel, 0, columns, panelWidth, () => {
        f.set(sumsAt, target);
        f.set(rowA, a);
        forTiles(f, tilesOfRows(rows, arithmetic.level), row0, pass, (_row, height) => {
          const sums = new Tile(arithmetic, height, strip(4, panelWidth));
          f.set(stepA, rowA);
          f.set(stepB, b);
          if (begins === null) sums.zero();
          else
            f.if(
              begins,
              () => sums.zero(),
              () => sums.resume(sumsAt, panelWidth * 4),
            );
          const product = (turns: number) => {
            for (let i = 0; i < turns; i++)
              sums.step(
                (r) => arithmetic.splat((r * whole + i) * 4, stepA),
                (column) => arithmetic.load((i * panelWidth + column) * 4, stepB),
              );
          };
          const loop = (from: number | Local<"i32">, to: number | Local<"i32">, turns: number) =>
            f.for(turn, from, to, turns, () => {
              product(turns);
              f.advance(stepA, turns * 4);
              f.advance(stepB, turns * panelWidth * 4);
            });
          loop(0, unrolled, unroll);
          if (typeof steps === "number") product(steps % unroll);
          else loop(unrolled, steps, 1);
          sums.save(sumsAt, panelWidth * 4);
          sums.free();
          f.advance(rowA, height * whole * 4);
          f.advance(sumsAt, height * panelWidth * 4);
        });
        f.advance(b, this.#sizes.steps * panelWidth * 4);
        f.advance(target, pass * panelWidth * 4);
      });
      f.advance(a, strides.filters);
      f.advance(b, gap);
      f.advance(target, gap);
    });
    f.free(value, a, b, target, panel, rowA, stepA, stepB, sumsAt, turn);
    if (typeof unrolled !== "number") f.free(unrolled);
  }

  /** Visits the sums of each row of a pass, four columns at a time. */
  each(
    [row0, rowEnd]: readonly [Local<"i32">, Local<"i32">],
    columns: number | Local<"i32">,
    visit: (row: Local<"i32">, column: Local<"i32">, source: Values) => void,
  ): void {
    const f = this.#f;
    const [row, column, source, line] = f.locals("i32", 4);
    f.set(line, this.#sums);
    f.for(row, row0, rowEnd, 1, () => {
      f.set(source, line);
      f.for(column, 0, columns, 4, () => {
        visit(row, column, { at: source, stride: this.#memory.strides.sums });
        // The second half of a panel lies beside its first; the next panel after all rows.
        f.advance(source, () => f.select("i32", this.#sizes.pass * panelWidth * 4 - 16, 16, () => f.i32.and(column, 4)));
      });
      f.advance(line, panelWidth * 4);
    });
    f.free(row, column, source, line);
  }
}
