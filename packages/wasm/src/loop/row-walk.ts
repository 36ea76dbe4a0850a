import type { FunctionBuilder, Local } from "../asm/index.ts";

interface Walk {
  readonly tile: Local<"i32">;
  readonly rows: number;
  readonly rowsPerTile: number;
  readonly inner: number;
  readonly innerTiles: number;
  readonly innerPerTile: number;
  /** Extents of the row axes, outermost first, and the locals that hold their indices. */
  readonly extents: readonly number[];
  readonly axes: readonly Local<"i32">[];
}

/**
 * The rows of one tile: the first row's indices are worked out by division once, the following ones by counting up,
 * as an odometer does.
 */
export class RowWalk {
  readonly #f: FunctionBuilder;
  readonly #walk: Walk;

  constructor(f: FunctionBuilder, walk: Walk) {
    this.#f = f;
    this.#walk = walk;
  }

  /** Runs `body` for each row, with its number and the columns [from, to) that belong to the tile. */
  forEachRow(body: (row: Local<"i32">, from: Local<"i32">, to: Local<"i32">) => void): void {
    const f = this.#f;
    const { tile, rows, rowsPerTile, inner, innerTiles, innerPerTile, extents } = this.#walk;
    const row = f.local("i32");
    const end = f.local("i32");
    const from = f.local("i32", 0);
    const to = f.local("i32", inner);
    const rowTile = f.local("i32", () => (innerTiles === 1 ? f.get(tile) : f.i32.div_u(tile, innerTiles)));
    if (innerTiles > 1) {
      f.set(from, () => f.i32.mul(() => f.i32.rem_u(tile, innerTiles), innerPerTile));
      f.set(to, () => f.i32.add(from, innerPerTile));
      f.set(to, () => f.select("i32", to, inner, () => f.i32.lt_s(to, inner)));
    }
    f.set(row, () => f.i32.mul(rowTile, rowsPerTile));
    f.set(end, () => f.i32.add(row, rowsPerTile));
    if (rows % rowsPerTile !== 0) f.set(end, () => f.select("i32", end, rows, () => f.i32.lt_s(end, rows)));
    this.#decode(row);
    f.loop((again) => {
      body(row, from, to);
      this.#countUp(extents.length - 1);
      f.set(row, () => f.i32.add(row, 1));
      f.brIf(again, () => f.i32.lt_s(row, end));
    });
    f.free(row, end, from, to, rowTile);
  }

  #decode(row: Local<"i32">): void {
    const f = this.#f;
    const { extents, axes } = this.#walk;
    const rest = f.local("i32", () => f.get(row));
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const index = axes[axis];
      const extent = extents[axis] ?? 1;
      if (index === undefined) continue;
      if (axis === 0) f.set(index, () => f.get(rest));
      else {
        f.set(index, () => f.i32.rem_u(rest, extent));
        f.set(rest, () => f.i32.div_u(rest, extent));
      }
    }
    f.free(rest);
  }

  #countUp(axis: number): void {
    const f = this.#f;
    const index = this.#walk.axes[axis];
    if (axis < 0 || index === undefined) return;
    f.set(index, () => f.i32.add(index, 1));
    if (axis === 0) return;
    f.if(
      () => f.i32.eq(index, this.#walk.extents[axis] ?? 1),
      () => {
        f.set(index, 0);
        this.#countUp(axis - 1);
      },
    );
  }
}
