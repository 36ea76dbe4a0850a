import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { matmulKey, type MatmulTask, operands } from "./matmul.ts";
import { type Blocking, blocking, type Layout, scratchBytes, sumUnit, tileRows } from "./matmul-blocking.ts";
import { packedBytes, packedMatrices, panelWidth, transposePanel } from "./matmul-pack.ts";
import { address, coordinates, cut, forTiles } from "./ranges.ts";
import { type Finish, strip, Tile } from "./tile.ts";

/** Steps emitted per turn of the inner loop. */
const unroll = sumUnit;

/** Register tiles over C. */
export function tiledMatmul(task: MatmulTask, layout: Layout): Kernel {
  const { shape, epilogue, name, summed } = task;
  const blocks = blocking(shape, layout, summed);
  return kernel({
    name,
    key: `matmul:${layout}:${matmulKey(task)}`,
    tiles: (summed ? 1 : shape.batch) * blocks.rowBlocks * blocks.columnBlocks,
    scratchBytes: scratchBytes(shape, layout, blocks, summed),
    workspaceBytes: layout === "packed" ? packedMatrices(shape) * packedBytes(shape) : 0,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitTiles(f, level, args, task, layout, blocks),
  });
}

function emitTiles(
  f: FunctionBuilder,
  level: Level,
  { tile, scratch, workspace, buffers, output: c }: KernelArguments,
  task: MatmulTask,
  layout: Layout,
  blocks: Blocking,
): void {
  const { shape, swapped, summed, epilogue } = task;
  const { m, n, k, transposeA, transposeB, batchStrideA, batchStrideB } = shape;
  const { width, rowBlock, rowBlocks, columnBlock, columnBlocks, sumBlock, packA } = blocks;
  const arithmetic = new Arithmetic(f, level);
  const [a, b] = operands(task, buffers);
  const packed = layout === "packed";
  const copied = layout === "copied";
  // Bytes from one row of op(A), and from one step of the sum, to the next.
  const memoryA = { row: transposeA ? 4 : k * 4, step: transposeA ? m * 4 : 4 };
  const stepPanel = panelWidth * 4;

  const [batch, columnIndex, rowIndex] = coordinates(f, tile, [summed ? 1 : shape.batch, columnBlocks, rowBlocks]);
  const row0 = f.local("i32", () => f.i32.mul(rowIndex, rowBlock));
  const column0 = f.local("i32", () => f.i32.mul(columnIndex, columnBlock));
  const baseA = f.local("i32", () => address(f, a, [batch, batchStrideA * 4]));
  const baseB = f.local("i32", () =>
    packed
      ? address(f, workspace, [batch, packedMatrices(shape) === 1 ? 0 : packedBytes(shape)])
      : address(f, b, [batch, batchStrideB * 4]),
  );
  const baseC = f.local("i32", () => address(f, c, [batch, m * n * 4]));

  const sum0 = f.local("i32");
  const sumLength = f.local("i32");
  const [rowA, pointerA, pointerB, pointerC, turn] = f.locals("i32", 5);
  const pointerCopy = f.local("i32");
  const axes = f.locals("i32", 2);
  const lastSum = k - (Math.ceil(k / Math.max(1, sumBlock)) - 1) * sumBlock;
  const blocked = sumBlock < k || summed;
  const length = blocked ? sumLength : k;

  /** One register tile over one part of the sum, with B from memory (or the workspace), from memory into scratch too, or from scratch. */
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
          () => address(f, baseB, [column, packed ? k * 4 : 4]),
          () => f.i32.mul(sum0, stepB),
        ),
      );
    if (copying) f.set(pointerCopy, scratch);
    f.set(pointerC, () =>
      f.i32.add(
        () => address(f, baseC, [row, n * 4]),
        () => f.i32.shl(column, 2),
      ),
    );
    if (blocked)
      f.if(
        () => (summed ? f.i32.or(sum0, batch) : f.get(sum0)),
        () => sums.resume(pointerC, n * 4),
        () => sums.zero(),
      );
    else sums.zero();
    const steps = (count: number) => {
      for (let i = 0; i < count; i++)
        sums.step(
          (r) => arithmetic.splat(r * layoutA.row + i * layoutA.step, pointerA),
          (v, lanes) => arithmetic.load(v * 4 + i * stepB, pointerB, whole ? arithmetic.lanes : lanes),
          { loaded: copying ? (v, vector) => arithmetic.store(v * 4 + i * stepPanel, pointerCopy, vector) : undefined },
        );
    };
    const turns = () => {
      steps(unroll);
      f.advance(pointerA, unroll * layoutA.step);
      f.advance(pointerB, unroll * stepB);
      if (copying) f.advance(pointerCopy, unroll * stepPanel);
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

  const columns = cut(n, width);
  const rows = tileRows(m, level, summed);
  const locateA = (row: Local<"i32">) =>
    f.set(rowA, () =>
      f.i32.add(
        () => address(f, baseA, [row, memoryA.row]),
        () => f.i32.mul(sum0, memoryA.step),
      ),
    );
  const sumPart = () =>
    forTiles(f, rows, rowBlocks === 1 ? 0 : row0, rowBlock, (row, height) => {
      locateA(row);
      if (packA) {
        f.set(pointerCopy, scratch);
        if (transposeA) copyColumns(arithmetic, rowA, pointerCopy, height, length, m);
        else transposePanel(arithmetic, rowA, pointerCopy, { rows: height, width: height, k }, length);
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
            () => address(f, baseB, [column, k * 4]),
            () => f.i32.shl(sum0, 2),
          ),
        );
        f.set(pointerCopy, scratch);
        transposePanel(arithmetic, pointerB, pointerCopy, { rows: breadth, width: panelWidth, k }, length);
      } else tile(rows.rows, "b, copying");
      f.for(row, transposeB ? 0 : rows.rows, rows.full * rows.rows, rows.rows, () => tile(rows.rows, "scratch"));
      if (rows.rest > 0) {
        f.set(row, rows.full * rows.rows);
        tile(rows.rest, "scratch");
      }
      f.free(row);
    });
  const part = copied ? copiedSumPart : sumPart;
  const parts = () =>
    f.for(sum0, 0, k, sumBlock, () => {
      f.set(sumLength, () => f.select("i32", lastSum, sumBlock, () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), k)));
      part();
    });
  if (summed)
    f.for(batch, 0, shape.batch, 1, () => {
      parts();
      f.advance(baseA, batchStrideA * 4);
      f.advance(baseB, packedBytes(shape));
    });
  else if (blocked) parts();
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
    f.advance(from, m * 4);
    f.advance(to, height * 4);
  });
  f.free(step, value);
}
