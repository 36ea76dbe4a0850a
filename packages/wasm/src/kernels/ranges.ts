import type { FunctionBuilder, Local, Operand } from "../asm/index.ts";
import type { RowTiles } from "./row-tiles.ts";

/** Pushes the smaller of a value and a constant. */
export function minimum(f: FunctionBuilder, value: Local<"i32">, limit: number): void {
  f.select("i32", value, limit, () => f.i32.lt_s(value, limit));
}

/** Pushes base + index * stride. */
export function address(f: FunctionBuilder, base: Operand<"i32">, index: Operand<"i32">, stride: number): void {
  f.i32.add(base, () => f.i32.mul(index, stride));
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
    const end = f.local("i32", () => f.i32.add(start, size));
    f.set(end, () => minimum(f, end, whole));
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

/** Splits a flat index into coordinates, the last fastest; frees nothing, so the caller owns the locals. */
export function coordinates(f: FunctionBuilder, flat: Local<"i32">, extents: readonly number[]): Local<"i32">[] {
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
  return reversed.toReversed();
}

/** The next multiple. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** The size of equal blocks, each a multiple of `unit`, that cut `count` items into pieces of about `wanted`. */
export function blockSize(count: number, wanted: number, unit: number): number {
  const blocks = Math.max(1, Math.ceil(count / Math.max(unit, wanted)));
  return Math.max(unit, roundUp(Math.ceil(count / blocks), unit));
}
