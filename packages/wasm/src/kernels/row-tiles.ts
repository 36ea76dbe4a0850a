import type { Level } from "./kernel.ts";

/** How `count` rows are cut: `full` tiles of `rows`, then one of `rest` if any are left. */
export interface RowTiles {
  readonly rows: number;
  readonly full: number;
  readonly rest: number;
}

/** Speed of a tile of 1 to 6 rows and two vectors relative to six rows: few rows leave the multiply-add units waiting. */
const speed = [0, 0.27, 0.52, 0.75, 0.88, 0.94, 1];

/** Rows of the tallest tile of two vectors: plain SIMD needs a register for the product before it is added. */
export const tallest = { relaxed: 6, simd: 5, scalar: 1 } as const satisfies Record<Level, number>;

/** Cuts rows into tiles of the height that takes the least time: on the relaxed level 64 = 10 x 6 + 4, 20 = 4 x 5. */
export function rowTiles(count: number, level: Level): RowTiles {
  let best: RowTiles = { rows: 1, full: count, rest: 0 };
  let least = Number.POSITIVE_INFINITY;
  for (let rows = Math.min(tallest[level], count); rows >= 1; rows--) {
    const tiles = { rows, full: Math.floor(count / rows), rest: count % rows };
    const time = tileTime(tiles);
    if (time < least) [best, least] = [tiles, time];
  }
  return best;
}

/** The time tiles take, in rows of a full-speed tile. */
export function tileTime({ rows, full, rest }: RowTiles): number {
  return (full * rows) / (speed[rows] ?? 1) + (rest === 0 ? 0 : rest / (speed[rest] ?? 1));
}

/** A number of rows that is a whole number of tiles on every level, for blocks that do not depend on the level. */
export function rowUnit(count: number): number {
  const [a, b] = [rowTiles(count, "relaxed").rows, rowTiles(count, "simd").rows];
  let unit = a;
  while (unit % b !== 0) unit += a;
  return unit;
}

/** A block of rows that is whole tiles on every level, of 6 rows or of 4. */
export const rowsTogether = 12;

/** Cuts rows so that blocks of `rowsTogether` are whole tiles, however many there are. */
export function tilesOfRows(count: number, level: Level): RowTiles {
  if (count < rowsTogether) return rowTiles(count, level);
  const rows = level === "relaxed" ? 6 : 4;
  return { rows, full: Math.floor(count / rows), rest: count % rows };
}
