import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic, type Vector } from "./arithmetic.ts";
import { type Finished, type Kernel, type KernelArguments, kernel, type Level, pushFinished } from "./kernel.ts";
import { matmulKey, type MatmulTask, operands } from "./matmul.ts";
import { transpose } from "./matmul-pack.ts";
import { address, blockSize, coordinates, cut, forTiles } from "./ranges.ts";
import { at } from "./tile.ts";

/**
 * Rows of A times rows of B, both contiguous along the sum: vectors run along k and are summed across lanes at the end.
 * For few rows of A this reads B once, without the rearrangement that `packPanels` would cost.
 */
export function dotProducts(task: MatmulTask): Kernel {
  const { shape, epilogue, name } = task;
  const { batch, n, k, m } = shape;
  const columnBlock = blockSize(n, 250_000 / (2 * k * m), 8);
  const columnBlocks = Math.ceil(n / columnBlock);
  return kernel({
    name,
    key: `matmul:dot:${matmulKey(task)}`,
    tiles: batch * columnBlocks,
    scratchBytes: 0,
    workspaceBytes: 0,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitDots(f, level, args, task, columnBlock, columnBlocks),
  });
}

function emitDots(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  task: MatmulTask,
  columnBlock: number,
  columnBlocks: number,
): void {
  const { tile, buffers, output: c } = args;
  const { shape, swapped, epilogue } = task;
  const { batch: batches, m, n, k, batchStrideA, batchStrideB } = shape;
  const arithmetic = new Arithmetic(f, level);
  const { lanes } = arithmetic;
  const [a, b] = operands(task, buffers);
  const [batch, block] = coordinates(f, tile, [batches, columnBlocks]);
  const column0 = f.local("i32", () => f.i32.mul(block, columnBlock));
  const baseA = f.local("i32", () => address(f, a, [batch, batchStrideA * 4]));
  const baseB = f.local("i32", () => address(f, b, [batch, batchStrideB * 4]));
  const baseC = f.local("i32", () => address(f, c, [batch, m * n * 4]));
  const [pointerA, pointerB, pointerC, turn] = f.locals("i32", 4);
  const axes = f.locals("i32", 2);

  const site = (row: Local<"i32">, column: Local<"i32">, r: number, v: number, finished: Finished) => {
    pushFinished(f, epilogue, args, finished, () => {
      f.set(axes[0], () => f.i32.add(row, r));
      f.set(axes[1], () => f.i32.add(column, v));
      return swapped ? [batch, axes[1], axes[0]] : [batch, ...axes];
    });
  };

  const dots = (row: Local<"i32">, column: Local<"i32">, height: number, breadth: number): void => {
    const sums = Array.from({ length: height }, () => arithmetic.vectors(breadth));
    const rows = arithmetic.vectors(height);
    const other = arithmetic.vector();
    for (const sum of sums.flat()) {
      arithmetic.zero();
      f.set(sum);
    }
    f.set(pointerA, () => address(f, baseA, [row, k * 4]));
    f.set(pointerB, () => address(f, baseB, [column, k * 4]));
    const step = (count: number) => {
      rows.forEach((vector, r) => {
        arithmetic.load(r * k * 4, pointerA, count);
        f.set(vector);
      });
      for (let v = 0; v < breadth; v++) {
        arithmetic.load(v * k * 4, pointerB, count);
        f.set(other);
        rows.forEach((vector, r) => arithmetic.multiplyAdd(at(at(sums, r), v), other, vector));
      }
    };
    f.for(turn, 0, k - (k % lanes), lanes, () => {
      step(lanes);
      f.advance(pointerA, lanes * 4);
      f.advance(pointerB, lanes * 4);
    });
    if (k % lanes > 0) step(k % lanes);
    f.set(pointerC, () =>
      f.i32.add(
        () => address(f, baseC, [row, n * 4]),
        () => f.i32.shl(column, 2),
      ),
    );
    sums.forEach((list, r) => storeSums(list, r, row, column));
    f.free(other, ...rows, ...sums.flat());
  };

  const storeSums = (list: readonly Vector[], r: number, row: Local<"i32">, column: Local<"i32">) => {
    for (let v = 0; v < list.length;) {
      const four = list.slice(v, v + 4);
      const offset = (r * n + v) * 4;
      if (lanes === 4 && four.length === 4 && !swapped) {
        // The four sums at once: transposed, lane i of every vector belongs to sum i.
        transpose(f, four);
        const whole = f.local("v128");
        f.f32x4.add(
          () => f.get(at(four, 0)),
          () => f.get(at(four, 2)),
        );
        f.f32x4.add(() =>
          f.f32x4.add(
            () => f.get(at(four, 1)),
            () => f.get(at(four, 3)),
          ),
        );
        f.set(whole);
        f.v128.store(offset, pointerC, () => site(row, column, r, v, { lanes: 4, accumulator: whole }));
        f.free(whole);
        v += 4;
      } else {
        const value = f.local("f32", () => arithmetic.sum(at(list, v)));
        f.f32.store(offset, pointerC, () => site(row, column, r, v, { lanes: 1, accumulator: value }));
        f.free(value);
        v++;
      }
    }
  };

  const breadth = m === 1 ? 8 : 4;
  const columns = cut(n, breadth);
  forTiles(f, columns, columnBlocks === 1 ? 0 : column0, columnBlock, (column, width) =>
    forTiles(f, { rows: Math.min(2, m), full: m === 1 ? 1 : m >> 1, rest: m === 1 ? 0 : m & 1 }, 0, m, (row, height) =>
      dots(row, column, height, width),
    ),
  );
}
