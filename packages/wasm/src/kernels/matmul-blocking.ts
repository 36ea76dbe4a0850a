import type { Level } from "./kernel.ts";
import type { MatmulShape } from "./matmul.ts";
import { panelWidth } from "./matmul-pack.ts";
import { blockSize, roundUp } from "./ranges.ts";
import { rowsTogether, type RowTiles, rowTiles, rowUnit, tilesOfRows } from "./row-tiles.ts";

/**
 * Where the tiles read B: where it lies (`direct`); from the panels that `packPanels` left in the workspace (`packed`); or
 * from scratch (`copied`), where each panel is put while the first rows read it, to stay in the first-level cache until
 * all rows went by. The latter needs no second kernel, and pays as long as one tile takes all rows.
 */
export type Layout = "direct" | "packed" | "copied";

/** How a product is cut into tiles and its sums into parts: the same on every level. */
export interface Blocking {
  readonly width: number;
  readonly rowBlock: number;
  readonly rowBlocks: number;
  readonly columnBlock: number;
  readonly columnBlocks: number;
  readonly sumBlock: number;
  /** A's tile rows are copied into scratch, [k, rows], before the columns go by. */
  readonly packA: boolean;
}

/** Products summed before partial sums go to memory: A's rows then stay in the first-level cache while B streams by. */
const longestSum = 512;
/** Sums are cut at multiples of this, so that only the last part has a remainder. */
export const sumUnit = 4;
/** Columns of B that stay in the second-level cache while the rows of a tile go by. */
const cachedColumns = 256;
/** Columns of a sum of products that one tile takes at least, so that A comes from memory few times. */
const summedColumns = 32;
/** Operations of one call of the kernel: short enough for the engine to swap in optimised code, long enough to be worth claiming. */
const operationsPerTile = 2_000_000;
/** The same where every tile copies its own part of B: nothing is shared that larger tiles would read less often. */
const operationsPerCopy = 500_000;
/** Rows at a distance of a multiple of this share a set of the first-level cache. */
const conflictingStride = 1024;

/** A part of A of at most this many elements stays in the second-level cache while the panels of B go by. */
const copiedElements = 128 * 1024;

/** Whether one tile may take all rows: panels of B then come and go while A stays near. */
export function takesAllRows({ m, k }: MatmulShape): boolean {
  return m * Math.min(k, longestSum) <= copiedElements;
}

/** Cuts a product, for caches of 32 KiB and 1 MiB. */
export function blocking(shape: MatmulShape, layout: Layout, summed: boolean): Blocking {
  const { batch, m, n, k, transposeA } = shape;
  const sums = Math.max(1, Math.ceil(k / longestSum));
  const sumBlock = sums === 1 ? k : roundUp(Math.ceil(k / sums), sumUnit);
  if (layout === "copied") {
    const columnBlock = blockSize(n, operationsPerCopy / (2 * k * m), 2 * panelWidth);
    return { width: panelWidth, rowBlock: m, rowBlocks: 1, columnBlock, columnBlocks: Math.ceil(n / columnBlock), sumBlock, packA: false };
  }
  // Few rows leave registers for wider tiles: 1 x 32, 2 x 16, 3 x 12; panels are eight wide.
  const width = layout === "packed" ? panelWidth : ({ 1: 32, 2: 16, 3: 12 }[m] ?? panelWidth);
  const unit = Math.min(m, summed ? rowsTogether : rowUnit(m));
  const perElement = 2 * Math.max(1, summed ? k * batch : k);
  const stride = transposeA ? m : k;
  const packA = m > 3 && n >= 64 && ((transposeA && m * k > 65_536) || (stride > 0 && stride % conflictingStride === 0));
  // Copying A's rows must pay over the columns that use the copy, and still leave tiles for every thread.
  const fewest = packA ? Math.min(512, Math.max(128, n / 2)) : summed ? summedColumns : width;
  const columnBlock = blockSize(n, Math.max(fewest, Math.min(cachedColumns, operationsPerTile / (perElement * unit))), width);
  const rowBlock = blockSize(m, operationsPerTile / (perElement * columnBlock), unit);
  return {
    width,
    rowBlock,
    rowBlocks: Math.ceil(m / rowBlock),
    columnBlock,
    columnBlocks: Math.ceil(n / columnBlock),
    sumBlock,
    packA,
  };
}

/** The rows of the register tiles. */
export function tileRows(m: number, level: Level, summed: boolean): RowTiles {
  return summed ? tilesOfRows(m, level) : rowTiles(m, level);
}

/** Bytes of scratch that the tiles of a product copy operands to. */
export function scratchBytes({ m }: MatmulShape, layout: Layout, { packA, sumBlock }: Blocking, summed: boolean): number {
  // `transposePanel` may write up to three steps beyond the end.
  if (layout === "copied") return (sumBlock + 3) * panelWidth * 4;
  return packA ? roundUp(tileRows(m, "relaxed", summed).rows * (sumBlock + 3) * 4, 16) : 0;
}
