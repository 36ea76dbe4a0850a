import { kernel, type Kernel } from "./kernel.ts";
import { Arithmetic } from "./arithmetic.ts";
import { blockEnd } from "./ranges.ts";

/** Rows of updates summed into the rows an index names. */
export interface ScatterAddShape {
  readonly count: number;
  readonly rows: number;
  /** Floats of a row. */
  readonly inner: number;
}

/** Columns a tile owns: it visits every update of them, in order, so sums never depend on threads. */
const columnsPerTile = 64;

/** Floats that a tile of zeros writes: enough to fill memory at its speed. */
const zerosPerTile = 1 << 16;

/** Sums begin with nothing, in the order memory lies in and not column by column. */
function zeros(count: number): Kernel {
  return kernel({
    name: `zeros ${count}`,
    key: `scatterAdd zeros ${count}`,
    tiles: Math.ceil(count / zerosPerTile),
    scratchBytes: 0,
    workspaceBytes: 0,
    buffers: 3,
    body: (f, _level, { tile, output }) => {
      const from = f.local("i32", () => f.i32.mul(tile, zerosPerTile));
      const to = blockEnd(f, from, zerosPerTile, count);
      f.memory.fill(
        () => f.i32.add(output, () => f.i32.shl(from, 2)),
        0,
        () => f.i32.shl(() => f.i32.sub(to, from), 2),
      );
    },
  });
}

/** The kernels of one scatterAdd; buffers are the index (int32), the updates, the output. */
export function scatterAddKernels({ count, rows, inner }: ScatterAddShape): readonly Kernel[] {
  if (rows === 0 || inner === 0) return [];
  const tiles = Math.ceil(inner / columnsPerTile);
  return [
    zeros(rows * inner),
    kernel({
      name: `scatterAdd ${count}x${inner} into ${rows}`,
      key: `scatterAdd ${count},${rows},${inner}`,
      tiles,
      scratchBytes: 0,
      workspaceBytes: 0,
      buffers: 3,
      body: (f, level, { tile, buffers }) => {
        const [index, updates, output] = buffers;
        if (index === undefined || updates === undefined || output === undefined)
          throw new RangeError("scatterAdd takes an index and updates");
        const lanes = new Arithmetic(f, level);
        const from = f.local("i32", () => f.i32.mul(tile, columnsPerTile));
        const to = blockEnd(f, from, columnsPerTile, inner);
        const row = f.local("i32");
        const column = f.local("i32");
        const target = f.local("i32");
        const source = f.local("i32");
        const place = f.local("i32");
        f.for(row, 0, count, 1, () => {
          f.set(place, () => f.i32.load(0, () => f.i32.add(index, () => f.i32.shl(row, 2))));
          f.set(place, () => f.select("i32", place, 0, () => f.i32.gt_s(place, 0)));
          f.set(place, () => f.select("i32", place, rows - 1, () => f.i32.lt_s(place, rows - 1)));
          f.set(target, () => f.i32.add(output, () => f.i32.mul(() => f.i32.add(() => f.i32.mul(place, inner), from), 4)));
          f.set(source, () => f.i32.add(updates, () => f.i32.mul(() => f.i32.add(() => f.i32.mul(row, inner), from), 4)));
          f.set(column, from);
          const step = (width: 4 | 1): void => {
            if (width === 4)
              f.v128.store(0, target, () =>
                f.f32x4.add(
                  () => f.v128.load(0, target),
                  () => f.v128.load(0, source),
                ),
              );
            else
              f.f32.store(0, target, () =>
                f.f32.add(
                  () => f.f32.load(0, target),
                  () => f.f32.load(0, source),
                ),
              );
            f.advance(target, width * 4);
            f.advance(source, width * 4);
            f.advance(column, width);
          };
          for (const width of lanes.lanes === 4 ? ([4, 1] as const) : ([1] as const)) {
            f.block((done) => {
              f.loop((again) => {
                f.brIf(done, () => f.i32.gt_s(() => f.i32.add(column, width), to));
                step(width);
                f.br(again);
              });
            });
          }
        });
      },
    }),
  ];
}
