/** How `count` rows are cut: `full` tiles of `rows`, then one of `rest` if any are left. */
export interface RowTiles {
  readonly rows: number;
  readonly full: number;
  readonly rest: number;
}

/** Speed of a tile of 1 to 6 rows and two vectors relative to six rows: few rows leave the multiply-add units waiting. */
const speed = [0, 0.27, 0.52, 0.75, 0.88, 0.94, 1];

/** Cuts rows into tiles of at most `limit` (up to six) so that the whole takes the least time: 64 = 10 x 6 + 4, 20 = 4 x 5. */
export function rowTiles(count: number, limit: number): RowTiles {
  let best: RowTiles = { rows: 1, full: count, rest: 0 };
  let least = Number.POSITIVE_INFINITY;
  for (let rows = Math.min(limit, count); rows >= 1; rows--) {
    const full = Math.floor(count / rows);
    const rest = count % rows;
    const time = (full * rows) / (speed[rows] ?? 1) + (rest === 0 ? 0 : rest / (speed[rest] ?? 1));
    if (time < least) {
      least = time;
      best = { rows, full, rest };
    }
  }
  return best;
}
