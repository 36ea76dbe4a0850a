import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { channelProducts, unrolledTaps } from "./conv2d-channels.ts";
import type { ReadImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Epilogue, type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { type Place, placeKey, pushPlace } from "./place.ts";
import { address, blockSize, boundedSum, coordinates, fewestOperations, fewestTiles, forTiles, roundUp } from "./ranges.ts";
import { rowTiles, rowUnit } from "./row-tiles.ts";
import { strip, Tile, type TileVector } from "./tile.ts";

/** Products summed before partial sums go to memory, so that a tile's weights and image rows stay in the first-level cache. */
const longestSum = 600;
const operationsPerTile = 4_000_000;

export interface DirectPlaces {
  readonly buffers: number;
  readonly weights: Place;
}

interface Blocking {
  /** Columns of a tile; and whether two output rows share a tile for their narrow ends. */
  readonly width: number;
  readonly paired: boolean;
  /** Whether a tile's rows are output rows instead of channels: a single channel's, which share the input rows they touch. */
  readonly upright: boolean;
  readonly planes: number;
  readonly planesPerTile: number;
  readonly rowBlock: number;
  readonly channelBlock: number;
  readonly sumBlock: number;
  readonly unroll: number;
}

/** Register tiles of output channels x adjacent pixels, B read straight from the image, all taps' offsets constants. */
export function directConvolution(shape: Conv2dShape, images: ReadImages, epilogue: Epilogue | null, places: DirectPlaces): Kernel {
  const blocking = block(shape);
  const { planes, planesPerTile, channelBlock, rowBlock } = blocking;
  const og = shape.o / shape.groups;
  return kernel({
    name: `conv2d ${describe(shape)}`,
    key: `conv2d:${conv2dKey(shape)}:${placeKey(images.place)},${placeKey(places.weights)},${places.buffers}:${epilogue?.key ?? ""}`,
    tiles: Math.ceil(planes / planesPerTile) * Math.ceil(og / channelBlock) * Math.ceil(shape.oh / rowBlock),
    scratchBytes: 0,
    workspaceBytes: images.workspaceBytes,
    buffers: places.buffers,
    body: (f, level, args) => emitConvolution(f, level, args, shape, images, epilogue, places, blocking),
  });
}

function block({ n, c, o, kh, kw, groups, oh, ow }: Conv2dShape): Blocking {
  const [og, cg, taps] = [o / groups, c / groups, kh * kw];
  const unit = Math.min(og, rowUnit(og));
  const upright = og === 1 && taps > 1 && taps <= unrolledTaps && oh > 1;
  const width = upright ? (ow > 8 ? 16 : 8) : ({ 1: 32, 2: 16, 3: 12 }[og] ?? 8);
  const paired = !upright && width === 8 && ow % 8 >= 1 && ow % 8 <= 4 && oh > 1;
  const perRow = 2 * og * cg * taps * ow;
  const perPlane = perRow * oh;
  const rowStep = upright && width === 8 ? rowUnit(oh) : upright || paired ? 2 : 1;
  const operations = Math.max(fewestOperations, Math.min(operationsPerTile, (perPlane * n * groups) / fewestTiles));
  const rowBlock = Math.min(oh, blockSize(oh, operations / Math.max(1, perRow), rowStep));
  const wanted = operations / Math.max(1, 2 * cg * taps * ow * rowBlock);
  const blocks = Math.max(1, Math.ceil(cg / Math.max(1, Math.floor(longestSum / taps))));
  const unroll = Math.max(1, Math.min(cg, Math.floor(6 / taps)));
  return {
    width,
    paired,
    upright,
    planes: n * groups,
    planesPerTile: Math.max(1, Math.min(n * groups, Math.floor(fewestOperations / Math.max(1, perPlane)))),
    rowBlock,
    channelBlock: blockSize(og, wanted, unit),
    sumBlock: blocks === 1 ? cg : roundUp(Math.ceil(cg / blocks), unroll),
    unroll,
  };
}

function emitConvolution(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  shape: Conv2dShape,
  { layout, place }: ReadImages,
  epilogue: Epilogue | null,
  places: DirectPlaces,
  blocking: Blocking,
): void {
  const { c, o, kh, kw, strideH, groups, oh, ow } = shape;
  const { width, paired, upright, planes, planesPerTile, rowBlock, channelBlock, sumBlock, unroll } = blocking;
  const [og, cg, taps] = [o / groups, c / groups, kh * kw];
  const { tile, buffers, output } = args;
  const arithmetic = new Arithmetic(f, level);
  const { lanes } = arithmetic;
  const rowBytes = strideH * layout.rowLength * 4;
  const planeBytes = layout.planeLength * 4;

  const blocks = [Math.ceil(planes / planesPerTile), Math.ceil(og / channelBlock), Math.ceil(oh / rowBlock)] as const;
  const [planeBlock, channelIndex, rowIndex] = coordinates(f, tile, blocks);
  const channel0 = f.local("i32", () => f.i32.mul(channelIndex, channelBlock));
  const row0 = f.local("i32", () => f.i32.mul(rowIndex, rowBlock));
  const image0 = f.local("i32", () => pushPlace(f, place, args));
  const weights0 = f.local("i32", () => pushPlace(f, places.weights, args));
  const [plane, image, group] = [f.local("i32"), f.local("i32", 0), f.local("i32", 0)];
  const [imageBase, weightBase, outputBase] = f.locals("i32", 3);
  const [sum0, sumLength, y, x] = [f.local("i32", 0), f.local("i32"), f.local("i32"), f.local("i32")];
  const [rowWeights, imageAt, weightAt, outputAt, turn, tapRow] = f.locals("i32", 6);
  const addChannels = channelProducts(arithmetic, shape, layout, upright, { weights: weightAt, image: imageAt, tapRow });
  const [channelAxis, pixelAxis, pixel] = f.locals("i32", 3);
  const blocked = sumBlock < cg;
  const lastSum = cg - (Math.ceil(cg / sumBlock) - 1) * sumBlock;

  /** One tile: `vectors` are pixels relative to (y, x), counted along the output. */
  const microkernel = (channel: Local<"i32">, height: number, vectors: readonly TileVector[]) => {
    const sums = new Tile(arithmetic, height, vectors);
    const rowStride = (upright ? ow : oh * ow) * 4;
    f.set(pixel, () => f.i32.add(() => f.i32.mul(y, ow), x));
    f.set(outputAt, () =>
      f.i32.add(
        () => address(f, outputBase, [channel, oh * ow * 4]),
        () => f.i32.shl(pixel, 2),
      ),
    );
    f.set(weightAt, rowWeights);
    f.set(imageAt, () =>
      f.i32.add(
        () => address(f, imageBase, [y, rowBytes], [sum0, planeBytes]),
        () => f.i32.shl(x, 2),
      ),
    );
    if (blocked)
      f.if(
        sum0,
        () => sums.resume(outputAt, rowStride),
        () => sums.zero(),
      );
    else sums.zero();
    const over = lastSum % unroll;
    if (blocked) f.for(turn, unroll - 1, sumLength, unroll, () => addChannels(sums, unroll));
    else f.for(turn, 0, cg - over, unroll, () => addChannels(sums, unroll));
    const done = () => {
      if (over > 0) addChannels(sums, over);
      sums.finish(
        outputAt,
        rowStride,
        epilogue === null
          ? null
          : (r, column, at) => {
              f.set(channelAxis, () => f.i32.add(() => address(f, channel, [group, og]), upright ? 0 : r));
              f.set(pixelAxis, () => f.i32.add(pixel, upright ? r * ow + column : column));
              epilogue.emit(f, { axes: [image, channelAxis, pixelAxis], buffers: buffers.slice(2, -1), ...at });
            },
      );
    };
    if (blocked)
      f.if(
        () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), cg),
        done,
        () => sums.save(outputAt, rowStride),
      );
    else done();
    sums.free();
  };

  const wide = ow - (ow % width);
  const outputRow = (channel: Local<"i32">, height: number) =>
    f.for(x, 0, wide, width, () => microkernel(channel, height, strip(lanes, width)));
  const narrowEnd = (channel: Local<"i32">, height: number, rows: number) => {
    if (wide === ow) return;
    f.set(x, wide);
    if (upright) microkernel(channel, rows, strip(lanes, ow - wide));
    else microkernel(channel, height, Array.from({ length: rows }, (_, r) => strip(lanes, ow - wide, r * ow)).flat());
  };
  const rows =
    upright && width === 8
      ? rowTiles(oh, level)
      : upright || paired
        ? { rows: 2, full: oh >> 1, rest: oh & 1 }
        : { rows: 1, full: oh, rest: 0 };
  const rowsOf = (channel: Local<"i32">, height: number) =>
    forTiles(f, rows, blocks[2] === 1 ? 0 : row0, rowBlock, (first, count) => {
      f.set(y, first);
      if (paired && count === 2) {
        const end = f.local("i32", () => f.i32.add(first, 2));
        f.for(y, first, end, 1, () => outputRow(channel, height));
        f.free(end);
        f.set(y, first);
      } else outputRow(channel, upright ? count : height);
      narrowEnd(channel, height, count);
    });
  const sumPart = () =>
    forTiles(f, rowTiles(og, level), blocks[1] === 1 ? 0 : channel0, channelBlock, (channel, height) => {
      f.set(rowWeights, () => address(f, weightBase, [channel, cg * taps * 4], [sum0, taps * 4]));
      rowsOf(channel, height);
    });

  const onePlane = () => {
    if (groups === 1) f.set(image, plane);
    else {
      f.set(image, () => f.i32.div_u(plane, groups));
      f.set(group, () => f.i32.rem_u(plane, groups));
    }
    // Planes are counted image by image, group by group: so are the channels they begin at.
    f.set(imageBase, () => address(f, image0, [plane, cg * planeBytes]));
    f.set(weightBase, () => address(f, weights0, [group, og * cg * taps * 4]));
    f.set(outputBase, () => address(f, output, [plane, og * oh * ow * 4]));
    if (!blocked) return sumPart();
    f.for(sum0, 0, cg, sumBlock, () => {
      f.set(sumLength, () => f.select("i32", lastSum, sumBlock, () => f.i32.ge_s(() => f.i32.add(sum0, sumBlock), cg)));
      sumPart();
    });
  };
  if (planesPerTile === 1) {
    f.set(plane, planeBlock);
    return onePlane();
  }
  const end = f.local("i32");
  f.set(plane, () => f.i32.mul(planeBlock, planesPerTile));
  boundedSum(f, end, plane, planesPerTile, planes);
  f.for(plane, plane, end, 1, onePlane);
}
