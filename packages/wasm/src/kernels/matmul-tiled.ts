import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { matmulKey, type MatmulShape, type MatmulTask, operands } from "./matmul.ts";
import { packedBytes, packedMatrices, panelWidth, transposePanel } from "./matmul-pack.ts";
import { address, blockSize, coordinates, forTiles, roundUp } from "./ranges.ts";
import { rowTiles, rowUnit } from "./row-tiles.ts";
import { type Finish, strip, Tile } from "./tile.ts";

/** Products summed before partial sums go to memory: A's rows then stay in the first-level cache while B streams by. */
export const longestSum = 512;
/** Steps emitted per turn of the inner loop. */
const unroll = 4;
/** Columns of B that stay in the second-level cache while the rows of a tile go by. */
const cachedColumns = 256;
/** Operations of one call of the kernel: short enough for the engine to swap in optimised code, long enough to be worth claiming. */
const operationsPerTile = 2_000_000;
/** The same where every tile copies its own part of B: nothing is shared that larger tiles would read less often. */
const operationsPerCopy = 500_000;
/** Rows at a distance of a multiple of this share a set of the first-level cache. */
const conflictingStride = 1024;

interface Blocking {
  readonly width: number;
  readonly rowBlock: number;
  readonly rowBlocks: number;
  readonly columnBlock: number;
  readonly columnBlocks: number;
  readonly sumBlock: number;
  /** A's tile rows are copied into scratch, [k, rows], before the columns go by. */
  readonly packA: boolean;
}

/**
 * Where the tiles read B: where it lies (`direct`); from the panels that `packPanels` left in the workspace (`packed`); or
 * from scratch (`copied`), where each panel is put while the first rows read it, to stay in the first-level cache until
 * all rows went by. The latter needs no second kernel, and pays as long as one tile takes all rows.
 */
export type Layout = "direct" | "packed" | "copied";

/** Register tiles over C. */
export function tiledMatmul(task: MatmulTask, layout: Layout): Kernel {
  const { shape, epilogue, name } = task;
  const blocking = block(shape, layout);
  return kernel({
    name,
    key: `matmul:${layout}:${matmulKey(task)}`,
    tiles: shape.batch * blocking.rowBlocks * blocking.columnBlocks,
    scratchBytes: scratchBytes(shape, layout, blocking),
    workspaceBytes: layout === "packed" ? packedMatrices(shape) * packedBytes(shape) : 0,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitTiles(f, level, args, task, layout, blocking),
  });
}

function scratchBytes({ m }: MatmulShape, layout: Layout, { packA, sumBlock }: Blocking): number {
  // `transposePanel` may write up to three steps beyond the end.
  if (layout === "copied") return (sumBlock + 3) * panelWidth * 4;
  return packA ? roundUp(rowTiles(m, "relaxed").rows * (sumBlock + 3) * 4, 16) : 0;
}

function block(shape: MatmulShape, layout: Layout): Blocking {
  const { m, n, k, transposeA } = shape;
  const sums = Math.max(1, Math.ceil(k / longestSum));
  const sumBlock = sums === 1 ? k : roundUp(Math.ceil(k / sums), unroll);
  if (layout === "copied") {
    const columnBlock = blockSize(n, operationsPerCopy / (2 * k * m), 2 * panelWidth);
    return { width: panelWidth, rowBlock: m, rowBlocks: 1, columnBlock, columnBlocks: Math.ceil(n / columnBlock), sumBlock, packA: false };
  }
  // Few rows leave registers for wider tiles: 1 x 32, 2 x 16, 3 x 12; panels are eight wide.
  const width = layout === "packed" ? panelWidth : ({ 1: 32, 2: 16, 3: 12 }[m] ?? panelWidth);
  const unit = Math.min(m, rowUnit(m));
  const stride = transposeA ? m : k;
  const packA = m > 3 && n >= 64 && ((transposeA && m * k > 65_536) || (stride > 0 && stride % conflictingStride === 0));
  // Copying A's rows must pay over the columns that use the copy, and still leave tiles for every thread.
  const fewest = packA ? Math.min(512, Math.max(128, n / 2)) : width;
  const columnBlock = blockSize(n, Math.max(fewest, Math.min(cachedColumns, operationsPerTile / (2 * Math.max(1, k) * unit))), width);
  const rowBlock = blockSize(m, operationsPerTile / (2 * Math.max(1, k) * columnBlock), unit);
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

function emitTiles(
  f: FunctionBuilder,
  level: Level,
  { tile, scratch, workspace, buffers }: KernelArguments,
  task: MatmulTask,
  layout: Layout,
  blocking: Blocking,
): void {
  const { shape, swapped, epilogue } = task;
  const { m, n, k, transposeA, transposeB, batchStrideA, batchStrideB } = shape;
  const { width, rowBlock, rowBlocks, columnBlock, columnBlocks, sumBlock, packA } = blocking;
  const arithmetic = new Arithmetic(f, level);
  const [a, b] = operands(task, buffers);
  const c = buffers.at(-1) ?? tile;
  const packed = layout === "packed";
  const copied = layout === "copied";
  // Bytes from one row of op(A), and from one step of the sum, to the next.
  const memoryA = { row: transposeA ? 4 : k * 4, step: transposeA ? m * 4 : 4 };
  const stepPanel = panelWidth * 4;

  const [batch = tile, columnIndex = tile, rowIndex = tile] = coordinates(f, tile, [shape.batch, columnBlocks, rowBlocks]);
  const row0 = f.local("i32", () => f.i32.mul(rowIndex, rowBlock));
  const column0 = f.local("i32", () => f.i32.mul(columnIndex, columnBlock));
  const baseA = f.local("i32", () => address(f, a, batch, batchStrideA * 4));
  const baseB = f.local("i32", () =>
    packed ? address(f, workspace, batch, packedMatrices(shape) === 1 ? 0 : packedBytes(shape)) : address(f, b, batch, batchStrideB * 4),
  );
  const baseC = f.local("i32", () => address(f, c, batch, m * n * 4));

  const sum0 = f.local("i32");
  const sumLength = f.local("i32");
  const [rowA, pointerA, pointerB, pointerC, turn] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
  const pointerCopy = f.local("i32");
  const axes = [f.local("i32"), f.local("i32")] as const;
  const lastSum = k - (Math.ceil(k / Math.max(1, sumBlock)) - 1) * sumBlock;
  const blocked = sumBlock < k;

  const microkernel = (
    row: Local<"i32">,
    column: Local<"i32">,
    height: number,
    breadth: number,
    source: "b" | "b, copying" | "scratch",
  ): void => {
    const whole = packed || source === "scratch";
    const stepB = whole ? stepPanel : n * 4;
    const copying = source === "b, copying";
    const sums = new Tile(arithmetic, height, strip(arithmetic.lanes, breadth));
    const layoutA = packA ? { row: 4, step: height * 4 } : memoryA;
    f.set(pointerA, rowA);
    if (source === "scratch") f.set(pointerB, scratch);
    else
      f.set(pointerB, () =>
        f.i32.add(
          () => address(f, baseB, column, packed ? k * 4 : 4),
          () => f.i32.mul(sum0, stepB),
        ),
      );
    if (copying) f.set(pointerCopy, scratch);
    f.set(pointerC, () =>
      f.i32.add(
        () => address(f, baseC, row, n * 4),
        () => f.i32.shl(column, 2),
      ),
    );
    if (blocked)
      f.if(
        sum0,
        () => sums.resume(pointerC, n * 4),
        () => sums.zero(),
      );
    else sums.zero();
    const steps = (count: number) => {
      for (let i = 0; i < count; i++)
        sums.step(
          (r) => arithmetic.splat(r * layoutA.row + i * layoutA.step, pointerA),
          (v, lanes) => arithmetic.load(v * 4 + i * stepB, pointerB, whole ? arithmetic.lanes : lanes),
          copying ? (v, vector) => arithmetic.store(v * 4 + i * stepPanel, pointerCopy, vector) : undefined,
        );
    };
    const turns = () => {
      steps(unroll);
      f.set(pointerA, () => f.i32.add(pointerA, unroll * layoutA.step));
      f.set(pointerB, () => f.i32.add(pointerB, unroll * stepB));
      if (copying) f.set(pointerCopy, () => f.i32.add(pointerCopy, unroll * stepPanel));
    };
    const over = lastSum % unroll;
    if (!blocked) f.for(turn, 0, k - over, unroll, turns);
    else f.for(turn, unroll - 1, sumLength, unroll, turns);
    const done = () => {
      steps(over);
      const finish: Finish | null =
        epilogue === null
          ? null
          : (r, v, at) => {
              f.set(axes[0], () => f.i32.add(row, r));
              f.set(axes[1], () => f.i32.add(column, v));
              epilogue.emit(f, { axes: swapped ? [batch, axes[1], axes[0]] : [batch, ...axes], buffers: buffers.slice(2, -1), ...at });
            };
      if (swapped && finish !== null) sums.finishEach(pointerC, n * 4, finish);
      else sums.finish(pointerC, n * 4, finish);
    };
    if (blocked)
      f.if(
        () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), k),
        done,
        () => sums.save(pointerC, n * 4),
      );
    else done();
    sums.free();
  };

  const columns = { rows: width, full: Math.floor(n / width), rest: n % width };
  const rows = rowTiles(m, level);
  const locateA = (row: Local<"i32">) =>
    f.set(rowA, () =>
      f.i32.add(
        () => address(f, baseA, row, memoryA.row),
        () => f.i32.mul(sum0, memoryA.step),
      ),
    );
  const sumPart = () =>
    forTiles(f, rows, rowBlocks === 1 ? 0 : row0, rowBlock, (row, height) => {
      locateA(row);
      if (packA) {
        f.set(pointerCopy, scratch);
        if (transposeA) copyColumns(arithmetic, rowA, pointerCopy, height, blocked ? sumLength : k, m);
        else transposePanel(arithmetic, rowA, pointerCopy, { rows: height, width: height, k }, blocked ? sumLength : k);
        f.set(rowA, scratch);
      }
      forTiles(f, columns, columnBlocks === 1 ? 0 : column0, columnBlock, (column, breadth) =>
        microkernel(row, column, height, breadth, "b"),
      );
    });
  const copiedSumPart = () =>
    forTiles(f, columns, columnBlocks === 1 ? 0 : column0, columnBlock, (column, breadth) => {
      const row = f.local("i32", 0);
      const tile = (height: number, source: "b, copying" | "scratch") => {
        locateA(row);
        microkernel(row, column, height, breadth, source);
      };
      if (transposeB) {
        f.set(pointerB, () =>
          f.i32.add(
            () => address(f, baseB, column, k * 4),
            () => f.i32.shl(sum0, 2),
          ),
        );
        f.set(pointerCopy, scratch);
        transposePanel(arithmetic, pointerB, pointerCopy, { rows: breadth, width: panelWidth, k }, blocked ? sumLength : k);
      } else tile(rows.rows, "b, copying");
      f.for(row, transposeB ? 0 : rows.rows, rows.full * rows.rows, rows.rows, () => tile(rows.rows, "scratch"));
      if (rows.rest > 0) {
        f.set(row, rows.full * rows.rows);
        tile(rows.rest, "scratch");
      }
      f.free(row);
    });
  const part = copied ? copiedSumPart : sumPart;
  if (blocked)
    f.for(sum0, 0, k, sumBlock, () => {
      f.set(sumLength, () => f.select("i32", lastSum, sumBlock, () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), k)));
      part();
    });
  else {
    f.set(sum0, 0);
    part();
  }
}

/** Copies `height` adjacent columns of a row-major [..., m] to `to` as [length, height]; moves both pointers. */
function copyColumns(
  arithmetic: Arithmetic,
  from: Local<"i32">,
  to: Local<"i32">,
  height: number,
  length: Local<"i32"> | number,
  m: number,
): void {
  const { f, lanes } = arithmetic;
  const step = f.local("i32");
  const value = arithmetic.vector();
  f.for(step, 0, length, 1, () => {
    for (const { column, count } of strip(lanes, height)) {
      arithmetic.load(column * 4, from, count);
      f.set(value);
      arithmetic.store(column * 4, to, value, count);
    }
    f.set(from, () => f.i32.add(from, m * 4));
    f.set(to, () => f.i32.add(to, height * 4));
  });
  f.free(step, value);
}
