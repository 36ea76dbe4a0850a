import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic, type Vector } from "./arithmetic.ts";
import { type Kernel, kernel } from "./kernel.ts";
import { type MatmulShape, type MatmulTask, operands } from "./matmul.ts";
import { address, blockSize, coordinates, cut, forTiles } from "./ranges.ts";
import { strip } from "./tile.ts";

/** Columns of B kept together: the width of a register tile. */
export const panelWidth = 8;

/** Bytes of B in panels: every column padded up to whole panels. */
export function packedBytes({ n, k }: Pick<MatmulShape, "n" | "k">): number {
  return Math.ceil(n / panelWidth) * panelWidth * k * 4;
}

/** How many matrices B there are to pack. */
export function packedMatrices({ batch, batchStrideB }: MatmulShape): number {
  return batchStrideB === 0 ? 1 : batch;
}

/**
 * Rearranges B into panels of eight columns, `[matrix, panel, k, 8]` in the workspace, the last panel padded with zeros:
 * the tile kernel then reads one contiguous stream whatever B's size and orientation.
 */
export function packPanels(task: MatmulTask): Kernel {
  const { shape, name, epilogue } = task;
  const buffers = 3 + (epilogue?.buffers ?? 0);
  const { n, k, transposeB, batchStrideB } = shape;
  const matrices = packedMatrices(shape);
  const panels = Math.ceil(n / panelWidth);
  const perTile = blockSize(panels, Math.ceil(32_768 / (k * panelWidth)), 1);
  const blocks = Math.ceil(panels / perTile);
  return kernel({
    name: `${name} pack`,
    key: `pack:${n},${k},${transposeB},${batchStrideB},${matrices},${buffers},${task.inputs.join()}`,
    tiles: matrices * blocks,
    scratchBytes: 0,
    workspaceBytes: matrices * packedBytes(shape),
    buffers,
    body: (f, level, { tile, workspace, buffers: addresses }) => {
      const [, b] = operands(task, addresses);
      const arithmetic = new Arithmetic(f, level);
      const [matrix, block] = coordinates(f, tile, [matrices, blocks]);
      const source = f.local("i32", () => address(f, b, [matrix, batchStrideB * 4]));
      const target = f.local("i32", () => address(f, workspace, [matrix, packedBytes(shape)]));
      const first = f.local("i32", () => f.i32.mul(block, perTile * panelWidth));
      const from = f.local("i32");
      const to = f.local("i32");
      const columns = cut(n, panelWidth);
      forTiles(f, columns, first, perTile * panelWidth, (column, width) => {
        f.set(to, () => address(f, target, [column, k * 4]));
        f.set(from, () => address(f, source, [column, transposeB ? k * 4 : 4]));
        if (transposeB) transposePanel(arithmetic, from, to, { rows: width, width: panelWidth, k }, k);
        else copyPanel(arithmetic, from, to, width, k, n);
      });
    },
  });
}

/** Eight (or fewer) adjacent columns of a row-major [k, n]. */
function copyPanel(arithmetic: Arithmetic, from: Local<"i32">, to: Local<"i32">, width: number, k: number, n: number): void {
  const { f, lanes } = arithmetic;
  const value = arithmetic.vector();
  const row = f.local("i32");
  f.for(row, 0, k, 1, () => {
    for (let column = 0; column < panelWidth; column += lanes) {
      const count = Math.min(lanes, width - column);
      if (count > 0) arithmetic.load(column * 4, from, count);
      else arithmetic.zero();
      f.set(value);
      arithmetic.store(column * 4, to, value);
    }
    f.advance(from, n * 4);
    f.advance(to, panelWidth * 4);
  });
  f.free(value, row);
}

/**
 * `rows` adjacent rows of a row-major [..., k] to `to` as [length, width], four by four; the columns from `rows` on are
 * zero. A length in a local is a multiple of four, or ends at k; after the former, up to three further steps are written
 * too. Moves both pointers.
 */
export function transposePanel(
  arithmetic: Arithmetic,
  from: Local<"i32">,
  to: Local<"i32">,
  { rows, width, k }: { readonly rows: number; readonly width: number; readonly k: number },
  length: number | Local<"i32">,
): void {
  const { f, lanes } = arithmetic;
  const vectors = arithmetic.vectors(lanes);
  const step = f.local("i32");
  const block = (count: number) => {
    for (const { column, count: across } of strip(lanes, width)) {
      vectors.forEach((vector, i) => {
        if (column + i < rows) arithmetic.load((column + i) * k * 4, from, count);
        else arithmetic.zero();
        f.set(vector);
      });
      if (lanes === 4) transpose(f, vectors);
      vectors.slice(0, count).forEach((vector, i) => arithmetic.store((i * width + column) * 4, to, vector, across));
    }
  };
  f.for(step, lanes - 1, length, lanes, () => {
    block(lanes);
    f.advance(from, lanes * 4);
    f.advance(to, width * lanes * 4);
  });
  if (k % lanes > 0) block(k % lanes);
  f.free(step, ...vectors);
}

/** Transposes four vectors of four in place. */
export function transpose(f: FunctionBuilder, rows: readonly Vector[]): void {
  const [a, b, c, d] = rows;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return expectRow();
  const t = [f.local("v128"), f.local("v128"), f.local("v128"), f.local("v128")] as const;
  const pick = (target: Local, x: Local, y: Local, lanes: readonly number[]) => {
    f.get(x);
    f.get(y);
    f.i8x16.shuffle(lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)));
    f.set(target);
  };
  pick(t[0], a, b, [0, 4, 1, 5]);
  pick(t[1], c, d, [0, 4, 1, 5]);
  pick(t[2], a, b, [2, 6, 3, 7]);
  pick(t[3], c, d, [2, 6, 3, 7]);
  pick(a, t[0], t[1], [0, 1, 4, 5]);
  pick(b, t[0], t[1], [2, 3, 6, 7]);
  pick(c, t[2], t[3], [0, 1, 4, 5]);
  pick(d, t[2], t[3], [2, 3, 6, 7]);
  f.free(...t);
}

function expectRow(): never {
  throw new RangeError("a transposition takes four rows");
}
