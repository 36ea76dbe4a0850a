import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { conv2dKey, type Conv2dShape, describe, type ImageLayout, imageLayout } from "./conv2d-shape.ts";
import { type Kernel, kernel } from "./kernel.ts";
import { type Place, placeKey, pushPlace } from "./place.ts";
import { address, blockEnd, blockSize, roundUp } from "./ranges.ts";

/** Images as a kernel reads them: where they lie, or in a padded copy that `copies` makes in the workspace. */
export interface ReadImages {
  readonly layout: ImageLayout;
  readonly place: Place;
  readonly copies: readonly Kernel[];
  /** Where the workspace ends that they and what stands before them take. */
  readonly workspaceBytes: number;
}

/** How to read the images of a shape, with a copy, if one is needed, at a byte offset of the workspace. */
export function readImages(shape: Conv2dShape, source: Place, buffers: number, workspace = 0): ReadImages {
  const layout = imageLayout(shape);
  if (!layout.copied) return { layout, place: source, copies: [], workspaceBytes: workspace };
  const copy = padImages(shape, layout, source, workspace, buffers);
  return { layout, place: { workspace }, copies: [copy], workspaceBytes: copy.workspaceBytes };
}

/** Copies the batch into the layout's padded planes; a vector's worth more, so that whole vectors may be read at its end. */
function padImages(shape: Conv2dShape, layout: ImageLayout, source: Place, target: number, buffers: number): Kernel {
  const { n, c, h, w } = shape;
  const planes = n * c;
  const perTile = blockSize(planes, 40_000 / layout.planeLength, 1);
  return kernel({
    name: `pad ${describe(shape)}`,
    key: `pad:${conv2dKey(shape)},${placeKey(source)},${target},${buffers}`,
    tiles: Math.ceil(planes / perTile),
    scratchBytes: 0,
    workspaceBytes: target + roundUp(planes * layout.planeLength * 4 + 16, 16),
    buffers,
    body: (f, level, args) => {
      const plane = f.local("i32", () => f.i32.mul(args.tile, perTile));
      const end = blockEnd(f, plane, perTile, planes);
      const from = f.local("i32", () => address(f, () => pushPlace(f, source, args), [plane, h * w * 4]));
      const to = f.local("i32", () => address(f, () => f.i32.add(args.workspace, target), [plane, layout.planeLength * 4]));
      f.memory.fill(to, 0, () => f.i32.mul(() => f.i32.sub(end, plane), layout.planeLength * 4));
      f.for(plane, plane, end, 1, () => {
        copyPlane(new Arithmetic(f, level), shape, layout, from, to);
        f.advance(from, h * w * 4);
        f.advance(to, layout.planeLength * 4);
      });
    },
  });
}

function copyPlane(arithmetic: Arithmetic, shape: Conv2dShape, layout: ImageLayout, from: Local<"i32">, to: Local<"i32">): void {
  const { f } = arithmetic;
  const { h, w, padTop, padLeft, strideW } = shape;
  const { rows, phases, phaseLength, rowLength } = layout;
  // The rows of the padded image that hold input, and in each phase the columns that do.
  const firstRow = Math.max(0, padTop);
  const lastRow = Math.min(rows, padTop + h);
  const source = f.local("i32", () => f.i32.add(from, (firstRow - padTop) * w * 4));
  const target = f.local("i32", () => f.i32.add(to, firstRow * rowLength * 4));
  const row = f.local("i32");
  f.for(row, firstRow, lastRow, 1, () => {
    phases.forEach((phase, i) => {
      const first = Math.max(0, Math.ceil((padLeft - phase) / strideW));
      const last = Math.min(phaseLength, Math.ceil((padLeft + w - phase) / strideW));
      const column = first * strideW + phase - padLeft;
      const begin = i * phaseLength + first;
      if (strideW === 1) copyRun(arithmetic, source, column * 4, target, begin * 4, last - first);
      else gatherRun(f, source, column * 4, strideW * 4, target, begin * 4, last - first);
    });
    f.advance(source, w * 4);
    f.advance(target, rowLength * 4);
  });
  f.free(source, target, row);
}

const longestUnrolled = 16;

/** Copies adjacent floats. */
function copyRun(arithmetic: Arithmetic, from: Local<"i32">, fromOffset: number, to: Local<"i32">, toOffset: number, count: number): void {
  const { f, lanes } = arithmetic;
  const value = arithmetic.vector();
  const move = (source: Local<"i32">, target: Local<"i32">, at: number, width: number, extra: readonly [number, number]) => {
    arithmetic.load(extra[0] + at * 4, source, width);
    f.set(value);
    arithmetic.store(extra[1] + at * 4, target, value, width);
  };
  const vectors = Math.floor(count / lanes);
  const offsets = [fromOffset, toOffset] as const;
  if (vectors <= longestUnrolled) for (let i = 0; i < vectors; i++) move(from, to, i * lanes, lanes, offsets);
  else {
    const [source, target, i] = [f.local("i32", from), f.local("i32", to), f.local("i32")];
    f.for(i, 0, vectors, 1, () => {
      move(source, target, 0, lanes, offsets);
      f.advance(source, lanes * 4);
      f.advance(target, lanes * 4);
    });
    f.free(source, target, i);
  }
  if (count > vectors * lanes) move(from, to, vectors * lanes, count - vectors * lanes, offsets);
  f.free(value);
}

/** Copies every `step` bytes' float to adjacent places. */
function gatherRun(
  f: FunctionBuilder,
  from: Local<"i32">,
  fromOffset: number,
  step: number,
  to: Local<"i32">,
  toOffset: number,
  count: number,
): void {
  const [source, target, i] = [f.local("i32", from), f.local("i32", to), f.local("i32")];
  const turn = (times: number) => {
    for (let j = 0; j < times; j++) f.f32.store(toOffset + j * 4, target, () => f.f32.load(fromOffset + j * step, source));
  };
  f.for(i, 0, count - (count % 4), 4, () => {
    turn(4);
    f.advance(source, 4 * step);
    f.advance(target, 16);
  });
  turn(count % 4);
  f.free(source, target, i);
}
