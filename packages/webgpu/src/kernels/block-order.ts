import { type Contraction, sizesOf } from "./contraction.ts";
import { inRows, type Workgroups, workgroupNumber } from "./kernel.ts";
import { blockOf, type Tile } from "./tile.ts";

/** The blocks of a contraction's output, a workgroup for each, and for each part of its sum. */
export interface BlockOrder {
  readonly workgroups: Workgroups;
  /** WGSL: `part`, batch item `z`, `leftStart` and `rightStart`, the inner positions from `first` to `end`, and the invocation's `downAt` and `acrossAt`. */
  readonly statements: string;
}

/** Rows of blocks that are worked on together, so that what they read of the right factor is still in the cache. */
const rowsTogether = 8;

export function blockOrder(contraction: Contraction, tile: Tile, parts: number): BlockOrder {
  const { rows, columns, inner } = sizesOf(contraction);
  const block = blockOf(tile);
  const [down, across] = [Math.ceil(rows / block.rows), Math.ceil(columns / block.columns)];
  const perItem = down * across;
  const perPart = contraction.batch * perItem;
  const workgroups = inRows(perPart * parts);
  const share = Math.ceil(inner / parts / tile.depth) * tile.depth;
  return {
    workgroups,
    statements: `let number = ${workgroupNumber(workgroups)};
if (number >= ${perPart * parts}) { return; }
let part = number / ${perPart};
let z = (number % ${perPart}) / ${perItem};
let inItem = number % ${perItem};
let rowsBefore = inItem / ${rowsTogether * across} * ${rowsTogether};
let together = min(${down} - rowsBefore, ${rowsTogether});
let leftStart = (rowsBefore + inItem % ${rowsTogether * across} % together) * ${block.rows};
let rightStart = inItem % ${rowsTogether * across} / together * ${block.columns};
let downAt = i32(local) / ${tile.across};
let acrossAt = i32(local) % ${tile.across};
let first = part * ${share};
let end = min(first + ${share}, ${inner});`,
  };
}
