/** How a workgroup and its invocations cut the output of a contraction. */
export interface Tile {
  /** Output rows and columns of one invocation, multiples of four: they stay in registers. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations along the rows and the columns of a workgroup. */
  readonly down: number;
  readonly across: number;
  /** Inner positions held in workgroup memory at a time, a multiple of four. */
  readonly depth: number;
  /** Whether the next ones are read while these are multiplied: waits less, and takes more registers. */
  readonly ahead: boolean;
  /** Whether workgroup memory holds halves, half the bytes: exact where the factors are halves themselves. */
  readonly halves: boolean;
}

/** Rows and columns of a workgroup. */
export function blockOf({ rows, columns, down, across }: Tile): { readonly rows: number; readonly columns: number } {
  return { rows: rows * down, columns: columns * across };
}

/** "128x128x16 ahead": what tuning remembers it by. */
export function tileName(tile: Tile): string {
  const block = blockOf(tile);
  const own = `${tile.rows}x${tile.columns}`;
  return `${block.rows}x${block.columns}x${tile.depth} by ${own}${tile.ahead ? " ahead" : ""}${tile.halves ? " in halves" : ""}`;
}

/** Bytes of workgroup memory that a tile may take, whichever way its factors lie. */
export function tileBytes(tile: Tile): number {
  const block = blockOf(tile);
  const side = (extent: number): number => Math.max(extent * pitchOf(tile.depth), tile.depth * pitchOf(extent)) * (tile.halves ? 8 : 16);
  // A table of places for each factor, along the longer of its sides at most.
  return side(block.rows) + side(block.columns) + 16 * (Math.max(block.rows, tile.depth) + Math.max(block.columns, tile.depth));
}

/** Vectors from one line of a tile to the next: an odd number, so that neighbours' lines begin in different banks. */
export function pitchOf(elements: number): number {
  return Math.floor(elements / 4 / 2) * 2 + 1;
}
