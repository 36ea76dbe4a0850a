import type { Local } from "../asm/index.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Axis, PlaneEmitter, rowsTogether } from "./depthwise-plane.ts";
import { type Finished, type Epilogue, type Kernel, kernel } from "./kernel.ts";
import { type Place, placeKey, pushPlace } from "./place.ts";
import { address, blockEnd, blockSize, coordinates, cut, fewestOperations, fewestTiles, forTiles, roundUp } from "./ranges.ts";
import { at } from "./tile.ts";

/** Larger windows would unroll into too much code. */
const mostTaps = 25;
const operationsPerTile = 4_000_000;
/** Planes that a tile of weights' gradients reads one after the other. */
const adjacentBytes = 262_144;

/** Whether every output channel has one input channel of its own, and a window that can be unrolled. */
export function isDepthwise({ c, o, groups, kh, kw }: Conv2dShape): boolean {
  return groups === c && o === c && kh * kw <= mostTaps;
}

/**
 * A depthwise convolution, or its gradient by its input, in one kernel that reads the planes where they lie.
 *
 * A few output rows share each vector of input they touch while the window's weights stay in registers. Rows outside the
 * image are read from a row of zeros, columns outside it are shifted in as zeros: there is no padded copy.
 */
export function depthwise(
  shape: Conv2dShape,
  direction: "forward" | "gradient",
  epilogue: Epilogue | null,
  places: { readonly buffers: number; readonly input: Place; readonly weights: Place },
): Kernel {
  const { n, c, h, kh, kw, oh, ow } = shape;
  const forward = direction === "forward";
  const [rows, columns] = axes(shape, direction);
  const planes = n * c;
  const perRow = 2 * kh * kw * ow * (forward ? 1 : oh / h);
  const step = rowsTogether(rows, columns);
  const rowBlock = Math.min(rows.output, blockSize(rows.output, operationsPerTile / Math.max(1, perRow), step));
  const rowBlocks = Math.ceil(rows.output / rowBlock);
  const planesPerTile = Math.max(1, Math.min(planes, Math.floor(fewestOperations / Math.max(1, perRow * rows.output))));
  return kernel({
    name: `depthwise conv2d ${forward ? "" : "input gradient "}${describe(shape)}`,
    key: `depthwise:${direction}:${conv2dKey(shape)}:${placeKey(places.input)},${placeKey(places.weights)},${places.buffers}:${epilogue?.key ?? ""}`,
    tiles: Math.ceil(planes / planesPerTile) * rowBlocks,
    scratchBytes: roundUp(columns.input * 4, 16),
    workspaceBytes: 0,
    buffers: places.buffers,
    body: (f, level, args) => {
      const { tile, scratch, buffers } = args;
      f.memory.fill(scratch, 0, columns.input * 4);
      const [planeBlock, rowIndex] = coordinates(f, tile, [Math.ceil(planes / planesPerTile), rowBlocks]);
      const plane = f.local("i32", () => f.i32.mul(planeBlock, planesPerTile));
      const end = blockEnd(f, plane, planesPerTile, planes);
      const row0 = f.local("i32", () => f.i32.mul(rowIndex, rowBlock));
      const [image, channel] = f.locals("i32", 2);
      const [input, weight, output] = f.locals("i32", 3);
      const emitter = new PlaneEmitter(f, level, rows, columns, !forward);
      const finish =
        epilogue === null
          ? null
          : (pixel: Local<"i32">, finished: Finished) =>
              epilogue.emit(f, { axes: [image, channel, pixel], buffers: buffers.slice(2, -1), ...finished });
      f.for(plane, plane, end, 1, () => {
        f.set(image, () => f.i32.div_u(plane, c));
        f.set(channel, () => f.i32.rem_u(plane, c));
        f.set(input, () => address(f, () => pushPlace(f, places.input, args), [plane, rows.input * columns.input * 4]));
        f.set(weight, () => address(f, () => pushPlace(f, places.weights, args), [channel, kh * kw * 4]));
        f.set(output, () => address(f, args.output, [plane, rows.output * columns.output * 4]));
        emitter.loadWeights(weight);
        forTiles(f, cut(rows.output, step), rowBlocks === 1 ? 0 : row0, rowBlock, (row, count) =>
          emitter.rows({ input, zeros: scratch, output }, row, count, { kind: "outputs", finish }),
        );
      });
    },
  });
}

/**
 * The gradient of a depthwise convolution by its weights; buffers are the input, the output's cotangent, the gradient. The
 * same walk over the planes, with the roles of weights and outputs exchanged. Of each image a tile reads the planes of a few
 * channels, which lie side by side: memory gives long runs faster than single planes. The sums wait in scratch for the next image.
 */
export function depthwiseWeightGradient(shape: Conv2dShape): Kernel {
  const { n, c, kh, kw, oh, ow } = shape;
  const [rows, columns] = axes(shape, "forward");
  const planeBytes = rows.input * columns.input * 4;
  const shared = Math.min(c / fewestTiles, adjacentBytes / Math.max(1, planeBytes));
  const channelsPerTile = Math.min(c, blockSize(c, Math.max(shared, fewestOperations / Math.max(1, 2 * n * kh * kw * oh * ow)), 1));
  const zeros = roundUp(columns.input * 4, 16);
  const sumBytes = kh * kw * 16;
  return kernel({
    name: `depthwise conv2d weight gradient ${describe(shape)}`,
    key: `depthwise:weights:${conv2dKey(shape)}`,
    tiles: Math.ceil(c / channelsPerTile),
    scratchBytes: zeros + channelsPerTile * sumBytes,
    workspaceBytes: 0,
    buffers: 3,
    body: (f, level, { tile, scratch, buffers }) => {
      f.memory.fill(scratch, 0, zeros + channelsPerTile * sumBytes);
      const first = f.local("i32", () => f.i32.mul(tile, channelsPerTile));
      const end = blockEnd(f, first, channelsPerTile, c);
      const [image, channel, plane] = f.locals("i32", 3);
      const [input, output, gradient, sums] = f.locals("i32", 4);
      const emitter = new PlaneEmitter(f, level, rows, columns, false);
      const everyChannel = (body: () => void): void => {
        f.set(sums, () => f.i32.add(scratch, zeros));
        f.for(channel, first, end, 1, () => {
          emitter.resumeWeights(sums);
          body();
          f.advance(sums, sumBytes);
        });
      };
      f.for(image, 0, n, 1, () =>
        everyChannel(() => {
          f.set(plane, () => address(f, channel, [image, c]));
          f.set(input, () => address(f, at(buffers, 0), [plane, planeBytes]));
          f.set(output, () => address(f, at(buffers, 1), [plane, rows.output * columns.output * 4]));
          forTiles(f, cut(rows.output, rowsTogether(rows, columns)), 0, rows.output, (row, count) =>
            emitter.rows({ input, zeros: scratch, output }, row, count, { kind: "weights" }),
          );
          emitter.saveWeights(sums);
        }),
      );
      everyChannel(() => {
        f.set(gradient, () => address(f, at(buffers, 2), [channel, kh * kw * 4]));
        emitter.storeWeights(gradient);
      });
    },
  });
}

function axes(shape: Conv2dShape, direction: "forward" | "gradient"): readonly [rows: Axis, columns: Axis] {
  const { h, w, oh, ow, kh, kw, strideH, strideW, dilationH, dilationW, padTop, padLeft } = shape;
  const axis = (input: number, output: number, taps: number, stride: number, dilation: number, pad: number): Axis =>
    direction === "forward"
      ? { input, output, taps, down: stride, up: 1, dilation, pad }
      : { input: output, output: input, taps, down: 1, up: stride, dilation, pad: (taps - 1) * dilation - pad };
  return [axis(h, oh, kh, strideH, dilationH, padTop), axis(w, ow, kw, strideW, dilationW, padLeft)];
}
