import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { matmulKey, type MatmulShape, type MatmulTask, operands } from "./matmul.ts";
import { packedBytes, packedMatrices, panelWidth } from "./matmul-pack.ts";
import { address, blockSize, coordinates, forTiles, roundUp } from "./ranges.ts";
import { rowTiles, rowUnit } from "./row-tiles.ts";
import { type Finish, strip, Tile } from "./tile.ts";

/** Products summed before partial sums go to memory: A's rows then stay in the first-level cache while B streams by. */
const longestSum = 512;
/** Steps emitted per turn of the inner loop. */
const unroll = 4;
/** Columns of B that stay in the second-level cache while the rows of a tile go by. */
const cachedColumns = 256;
/** Operations of one call of the kernel: short enough for the engine to swap in optimised code, long enough to be worth claiming. */
const operationsPerTile = 2_000_000;
/** From this distance between rows, a power of two makes the rows of a tile share a cache set. */
const conflictingStride = 2048;

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

/** Register tiles over C, with B read where it lies or from the panels that `packPanels` left in the workspace. */
export function tiledMatmul(task: MatmulTask, layout: "direct" | "packed"): Kernel {
  const { shape, epilogue, name } = task;
  const blocking = block(shape, layout);
  return kernel({
    name,
    key: `matmul:${layout}:${matmulKey(task)}`,
    tiles: shape.batch * blocking.rowBlocks * blocking.columnBlocks,
    scratchBytes: blocking.packA ? roundUp(rowTiles(shape.m, "relaxed").rows * blocking.sumBlock * 4, 16) : 0,
    workspaceBytes: layout === "packed" ? packedMatrices(shape) * packedBytes(shape) : 0,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitTiles(f, level, args, task, layout, blocking),
  });
}

function block(shape: MatmulShape, layout: "direct" | "packed"): Blocking {
  const { m, n, k, transposeA } = shape;
  // Few rows leave registers for wider tiles: 1 x 32, 2 x 16, 3 x 12; panels are eight wide.
  const width = layout === "packed" ? panelWidth : ({ 1: 32, 2: 16, 3: 12 }[m] ?? panelWidth);
  const unit = Math.min(m, rowUnit(m));
  const sums = Math.max(1, Math.ceil(k / longestSum));
  const stride = transposeA ? m : k;
  const packA = m > 3 && n >= 64 && ((transposeA && m * k > 65_536) || (stride >= conflictingStride && stride % 1024 === 0));
  // Copying A's rows must pay over the columns that use the copy.
  const fewest = packA ? 128 : width;
  const columnBlock = blockSize(n, Math.max(fewest, Math.min(cachedColumns, operationsPerTile / (2 * Math.max(1, k) * unit))), width);
  const rowBlock = blockSize(m, operationsPerTile / (2 * Math.max(1, k) * columnBlock), unit);
  return {
    width,
    rowBlock,
    rowBlocks: Math.ceil(m / rowBlock),
    columnBlock,
    columnBlocks: Math.ceil(n / columnBlock),
    sumBlock: sums === 1 ? k : roundUp(Math.ceil(k / sums), unroll),
    packA,
  };
}

function emitTiles(
  f: FunctionBuilder,
  level: Level,
  { tile, scratch, workspace, buffers }: KernelArguments,
  task: MatmulTask,
  layout: "direct" | "packed",
  blocking: Blocking,
): void {
  const { shape, swapped, epilogue } = task;
  const { m, n, k, transposeA, batchStrideA, batchStrideB } = shape;
  const { width, rowBlock, rowBlocks, columnBlock, columnBlocks, sumBlock, packA } = blocking;
  const arithmetic = new Arithmetic(f, level);
  const [a, b] = operands(task, buffers);
  const c = buffers.at(-1) ?? tile;
  const packed = layout === "packed";
  // Bytes from one row of op(A), and from one step of the sum, to the next.
  const memoryA = { row: transposeA ? 4 : k * 4, step: transposeA ? m * 4 : 4 };
  const stepB = packed ? panelWidth * 4 : n * 4;

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
  const axes = [f.local("i32"), f.local("i32")] as const;
  const lastSum = k - (Math.ceil(k / Math.max(1, sumBlock)) - 1) * sumBlock;
  const blocked = sumBlock < k;

  const microkernel = (row: Local<"i32">, column: Local<"i32">, height: number, breadth: number): void => {
    const sums = new Tile(arithmetic, height, strip(arithmetic.lanes, breadth));
    const layoutA = packA ? { row: 4, step: height * 4 } : memoryA;
    f.set(pointerA, rowA);
    f.set(pointerB, () =>
      f.i32.add(
        () => address(f, baseB, column, packed ? k * 4 : 4),
        () => f.i32.mul(sum0, stepB),
      ),
    );
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
          (v, lanes) => arithmetic.load(v * 4 + i * stepB, pointerB, packed ? arithmetic.lanes : lanes),
        );
    };
    const turns = () => {
      steps(unroll);
      f.set(pointerA, () => f.i32.add(pointerA, unroll * layoutA.step));
      f.set(pointerB, () => f.i32.add(pointerB, unroll * stepB));
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
  const sumPart = () =>
    forTiles(f, rowTiles(m, level), rowBlocks === 1 ? 0 : row0, rowBlock, (row, height) => {
      f.set(rowA, () =>
        f.i32.add(
          () => address(f, baseA, row, memoryA.row),
          () => f.i32.mul(sum0, memoryA.step),
        ),
      );
      if (packA) {
        copyRows(f, rowA, scratch, height, blocked ? sumLength : k, memoryA);
        f.set(rowA, scratch);
      }
      forTiles(f, columns, columnBlocks === 1 ? 0 : column0, columnBlock, (column, breadth) => microkernel(row, column, height, breadth));
    });
  if (blocked)
    f.for(sum0, 0, k, sumBlock, () => {
      f.set(sumLength, () => f.select("i32", lastSum, sumBlock, () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), k)));
      sumPart();
    });
  else {
    f.set(sum0, 0);
    sumPart();
  }
}

/** Copies `height` rows of op(A) to `target` as [k, height]. */
function copyRows(
  f: FunctionBuilder,
  source: Local<"i32">,
  target: Local<"i32">,
  height: number,
  length: Local<"i32"> | number,
  memory: { row: number; step: number },
): void {
  const [from, to, i] = [f.local("i32", source), f.local("i32", target), f.local("i32")];
  f.for(i, 0, length, 1, () => {
    for (let r = 0; r < height; r++) f.f32.store(r * 4, to, () => f.f32.load(r * memory.row, from));
    f.set(from, () => f.i32.add(from, memory.step));
    f.set(to, () => f.i32.add(to, height * 4));
  });
  f.free(from, to, i);
}
