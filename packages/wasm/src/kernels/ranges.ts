import type { FunctionBuilder, Local, Operand } from "../asm/index.ts";
import type { RowTiles } from "./row-tiles.ts";

/** Pushes the smaller of two values. */
export function minimum(f: FunctionBuilder, value: Local<"i32">, limit: Local<"i32"> | number): void {
  f.select("i32", value, limit, () => f.i32.lt_s(value, limit));
}

/** Sets `target` to a + b, or to `limit` where that is less. */
export function boundedSum(
  f: FunctionBuilder,
  target: Local<"i32">,
  a: Local<"i32">,
  b: Operand<"i32">,
  limit: Local<"i32"> | number,
): void {
  f.set(target, () => f.i32.add(a, b));
  f.set(target, () => minimum(f, target, limit));
}

/** Where a block of `size` items that starts at `start` ends. */
export function blockEnd(f: FunctionBuilder, start: Local<"i32">, size: number, limit: number): Local<"i32"> {
  const end = f.local("i32");
  boundedSum(f, end, start, size, limit);
  return end;
}

/** Pushes base + the sum of index * stride. */
export function address(
  f: FunctionBuilder,
  base: Operand<"i32">,
  ...terms: readonly (readonly [index: Operand<"i32">, stride: number])[]
): void {
  f.push("i32", base);
  for (const [index, stride] of terms) f.i32.add(() => f.i32.mul(index, stride));
}

/**
 * Walks the tiles of one block of `size` items that starts at `start`, out of `tiles`' whole range; a block but the last
 * is a whole number of tiles. `body` is emitted once per tile height.
 */
export function forTiles(
  f: FunctionBuilder,
  tiles: RowTiles,
  start: Local<"i32"> | 0,
  size: number,
  body: (index: Local<"i32">, rows: number) => void,
): void {
  const whole = tiles.full * tiles.rows;
  const index = f.local("i32");
  if (start === 0) f.for(index, 0, Math.min(size, whole), tiles.rows, () => body(index, tiles.rows));
  else if (tiles.full > 0) {
    const end = blockEnd(f, start, size, whole);
    f.for(index, start, end, tiles.rows, () => body(index, tiles.rows));
    f.free(end);
  }
  if (tiles.rest > 0) {
    const tail = () => {
      f.set(index, whole);
      body(index, tiles.rest);
    };
    if (start !== 0) f.if(() => f.i32.gt_s(() => f.i32.add(start, size), whole), tail);
    else if (size > whole) tail();
  }
  f.free(index);
}

/** How `count` items are cut into tiles of `size`. */
export function cut(count: number, size: number): RowTiles {
  return { rows: size, full: Math.floor(count / size), rest: count % size };
}

/** Splits a flat index into coordinates, the last fastest; frees nothing, so the caller owns the locals. */
export function coordinates<const Extents extends readonly number[]>(
  f: FunctionBuilder,
  flat: Local<"i32">,
  extents: Extents,
): { [K in keyof Extents]: Local<"i32"> } {
  const rest = f.local("i32", flat);
  const reversed = extents.toReversed().map((extent, i) => {
    const coordinate = f.local("i32");
    if (i === extents.length - 1) f.set(coordinate, rest);
    else if (extent === 1) f.set(coordinate, 0);
    else {
      f.set(coordinate, () => f.i32.rem_u(rest, extent));
      f.set(rest, () => f.i32.div_u(rest, extent));
    }
    return coordinate;
  });
  f.free(rest);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one local for each extent
  return reversed.toReversed() as { [K in keyof Extents]: Local<"i32"> };
}

/** The next multiple. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** With fewer tiles some threads would wait for others. */
export const fewestTiles = 8;
/** Below so many operations a tile is not worth claiming. */
export const fewestOperations = 500_000;

/** The size of equal blocks, each a multiple of `unit`, that cut `count` items into pieces of about `wanted`. */
export function blockSize(count: number, wanted: number, unit: number): number {
  const blocks = Math.max(1, Math.ceil(count / Math.max(unit, wanted)));
  return Math.max(unit, roundUp(Math.ceil(count / blocks), unit));
}
