import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import { type ReadImages, readImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { panelWidth } from "./matmul-pack.ts";
import { pushPlace } from "./place.ts";
import { address, blockEnd, blockSize, boundedSum, coordinates, minimum, roundUp } from "./ranges.ts";
import { at } from "./tile.ts";
import { rowsTogether } from "./row-tiles.ts";
import { productMemory, type ProductSizes, TileProducts } from "./winograd-products.ts";
import { cotangentImages, forTilePlaces, gap, tilingOf, wholeTiles } from "./winograd-shape.ts";
import { multiplications, temporaryBytes, TileTransforms } from "./winograd-tiles.ts";
import { points } from "./winograd-transform.ts";

const entryBytes = 8;
/** A block of weights, and the tiles summed before its sums go to memory: all three fit the second-level cache. */
const outputsTogether = 64;
const channelsTogether = 64;
const longestSum = 64;
/** With fewer units of work some threads would wait for others. */
const fewestUnits = 16;
/** Bytes of all parts' sums that stay in the last cache; beyond it a part takes at least so many tiles. */
const cachedSums = 8_000_000;
const tilesPerPart = 192;
/** Output channels that one call of the summing kernel takes. */
const outputsPerSum = 8;

interface Blocking {
  readonly outputs: number;
  readonly channels: number;
  readonly outputBlocks: number;
  readonly channelBlocks: number;
  /** Tiles of a block, and how many consecutive ones a unit of work takes. */
  readonly tiles: number;
  readonly perPart: number;
  /** Units that share a block of weights; their sums are added by a second kernel. */
  readonly parts: number;
}

/**
 * A convolution's gradient by its weights: for each tile the cotangent is the filter, and all tiles'
 * products are added up before they become weights. Buffers are the input, the output's cotangent, the gradient.
 */
export function winogradWeightGradient(shape: Conv2dShape): readonly Kernel[] {
  const blocking = block(shape);
  const whole = wholeTiles(shape);
  const images = readImages(whole, { buffer: 0 }, 3);
  const cotangents = readImages(cotangentImages(shape, whole.oh, whole.ow), { buffer: 1 }, 3, images.workspaceBytes);
  const copies = [...images.copies, ...cotangents.copies];
  const { parts } = blocking;
  const partialSums = cotangents.workspaceBytes;
  const workspaceBytes = partialSums + (parts === 1 ? 0 : unitsOf(blocking) * sumBytes(blocking));
  const gradient = kernel({
    name: `conv2d weight gradient winograd ${describe(shape)}`,
    key: `winograd-weight-gradient:${conv2dKey(shape)}`,
    tiles: unitsOf(blocking),
    scratchBytes: scratchOf(shape, blocking).bytes,
    workspaceBytes,
    buffers: 3,
    body: (f, level, args, module) => emitProducts(f, level, args, module, shape, { images, cotangents, partialSums }, blocking),
  });
  if (parts === 1) return [...copies, gradient];
  const sum = kernel({
    name: `${gradient.name} sum`,
    key: `winograd-weight-gradient-sum:${conv2dKey(shape)}`,
    tiles: blocking.outputBlocks * blocking.channelBlocks * Math.ceil(blocking.outputs / outputsPerSum),
    scratchBytes: temporaryBytes,
    workspaceBytes,
    buffers: 3,
    body: (f, level, args, module) => emitSum(f, level, args, module, shape, partialSums, blocking),
  });
  return [...copies, gradient, sum];
}

function block(shape: Conv2dShape): Blocking {
  const { o, c } = shape;
  const { count } = tilingOf(shape);
  const outputs = Math.min(o, blockSize(o, outputsTogether, Math.min(o, rowsTogether)));
  const channels = blockSize(c, channelsTogether, panelWidth);
  const [outputBlocks, channelBlocks] = [Math.ceil(o / outputs), Math.ceil(c / channels)];
  const blocks = outputBlocks * channelBlocks;
  const parts = Math.min(Math.ceil(fewestUnits / blocks), Math.ceil(count / longestSum));
  // Sums that leave the cache are worth their way for many tiles only.
  const wanted =
    parts * blocks * sumBytes({ outputs, channels }) <= cachedSums ? parts : Math.max(1, Math.min(parts, Math.floor(count / tilesPerPart)));
  const perPart = roundUp(Math.ceil(count / wanted), 4);
  const tiles = blockSize(perPart, longestSum, 4);
  return { outputs, channels, outputBlocks, channelBlocks, tiles, perPart, parts: Math.ceil(count / perPart) };
}

function unitsOf({ outputBlocks, channelBlocks, parts }: Blocking): number {
  return outputBlocks * channelBlocks * parts;
}

function sizesOf({ o }: Conv2dShape, { outputs, channels, tiles }: Blocking): ProductSizes {
  return { rows: o, pass: outputs, columns: channels, steps: tiles };
}

function sumBytes({ outputs, channels }: Pick<Blocking, "outputs" | "channels">): number {
  return multiplications * (outputs * channels * 4 + gap);
}

/** Byte offsets in a thread's scratch; sums that are one of several parts lie in the workspace instead. */
function scratchOf(shape: Conv2dShape, blocking: Blocking) {
  const table = temporaryBytes;
  const block = roundUp(table + blocking.tiles * entryBytes, 16);
  const { bytes, sums } = productMemory(sizesOf(shape, blocking));
  return { table, block, bytes: block + (blocking.parts === 1 ? bytes : sums) };
}

interface Operands {
  readonly images: ReadImages;
  readonly cotangents: ReadImages;
  /** Where the workspace holds the parts' sums. */
  readonly partialSums: number;
}

function emitProducts(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  { images, cotangents, partialSums }: Operands,
  blocking: Blocking,
): void {
  const { c, o } = shape;
  const tiling = tilingOf(shape);
  const { size, count } = tiling;
  const { outputs, channels, outputBlocks, channelBlocks, tiles, perPart, parts } = blocking;
  const { tile, scratch, workspace } = args;
  const transforms = new TileTransforms(f, module, level, scratch);
  const offsets = scratchOf(shape, blocking);
  const bytesOf = ({ layout }: ReadImages) => ({ plane: layout.planeLength * 4, row: layout.rowLength * 4 });
  const [imageBytes, cotangentBytes] = [bytesOf(images), bytesOf(cotangents)];

  const [part, outputBlock, channelBlock] = coordinates(f, tile, [parts, outputBlocks, channelBlocks]);
  const output0 = f.local("i32", () => f.i32.mul(outputBlock, outputs));
  const channel0 = f.local("i32", () => f.i32.mul(channelBlock, channels));
  const outputEnd = blockEnd(f, output0, outputs, o);
  const [tile0, tileEnd, steps, partEnd, entry, channel] = f.locals("i32", 6);
  const table = f.local("i32", () => f.i32.add(scratch, offsets.table));
  const block = f.local("i32", () => f.i32.add(scratch, offsets.block));
  const sums =
    parts === 1 ? undefined : f.local("i32", () => address(f, () => f.i32.add(workspace, partialSums), [tile, sumBytes(blocking)]));
  const tileProducts = new TileProducts(f, level, sizesOf(shape, blocking), block, sums);
  const lanes = f.locals("i32", 4);

  // Where each tile lies in the images and in the cotangents; products of those beyond the end are not summed.
  const locateTiles = () => {
    const image0 = f.local("i32", () => pushPlace(f, images.place, args));
    const cotangent0 = f.local("i32", () => pushPlace(f, cotangents.place, args));
    f.set(entry, table);
    forTilePlaces(f, tiling, tile0, tiles, ({ image, y, x }) => {
      const place = (base: Local<"i32">, planes: number, { plane, row }: { plane: number; row: number }) =>
        address(f, base, [image, planes * plane], [y, size * row], [x, size * 4]);
      f.i32.store(0, entry, () => place(image0, c, imageBytes));
      f.i32.store(4, entry, () => place(cotangent0, o, cotangentBytes));
      f.advance(entry, entryBytes);
    });
    f.free(image0, cotangent0);
  };

  // Panels hold eight channels, tile after tile; channels beyond the last are the last once more.
  const transformImages = () => {
    const column0 = f.local("i32");
    tileProducts.images(
      steps,
      (column, step) => {
        f.set(column0, () => f.i32.add(channel0, column));
        f.set(entry, () => address(f, table, [step, entryBytes]));
      },
      (target) => {
        lanes.forEach((lane, k) => {
          f.set(channel, () => f.i32.add(column0, k));
          if (c % channels !== 0) f.set(channel, () => minimum(f, channel, c - 1));
          f.set(lane, () => address(f, () => f.i32.load(0, entry), [channel, imageBytes.plane]));
        });
        transforms.pixels("input", points, lanes, imageBytes.row, target);
        f.advance(entry, entryBytes);
      },
    );
    f.free(column0);
  };

  const transformCotangents = () =>
    tileProducts.filters(
      [output0, outputEnd],
      steps,
      (output) => {
        f.set(entry, table);
        f.set(channel, output);
      },
      (_, target) => {
        lanes.forEach((lane, k) =>
          f.set(lane, () => address(f, () => f.i32.load(k * entryBytes + 4, entry), [channel, cotangentBytes.plane])),
        );
        transforms.pixels("filter", size, lanes, cotangentBytes.row, target);
        f.advance(entry, 4 * entryBytes);
      },
    );

  const part0 = f.local("i32", () => f.i32.mul(part, perPart));
  boundedSum(f, partEnd, part0, perPart, count);
  f.for(tile0, part0, partEnd, tiles, () => {
    boundedSum(f, tileEnd, tile0, tiles, partEnd);
    f.set(steps, () => f.i32.sub(tileEnd, tile0));
    locateTiles();
    transformImages();
    transformCotangents();
    tileProducts.multiply(outputs >= o ? 0 : output0, steps, () => f.i32.eq(tile0, part0));
  });
  if (parts === 1) storeWeights(f, transforms, tileProducts, args, shape, channels, { output0, outputEnd, channel0 });
}

/** Adds the parts' sums of some output channels to the first part's, and makes weights of them. */
function emitSum(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  partialSums: number,
  blocking: Blocking,
): void {
  const { outputs, channels, outputBlocks, channelBlocks, parts } = blocking;
  const { tile, scratch, workspace } = args;
  const pieces = Math.ceil(outputs / outputsPerSum);
  const [outputBlock, channelBlock, piece] = coordinates(f, tile, [outputBlocks, channelBlocks, pieces]);
  const first = f.local("i32", () => f.i32.mul(piece, outputsPerSum));
  const last = blockEnd(f, first, outputsPerSum, outputs);
  const unit = f.local("i32", () => address(f, channelBlock, [outputBlock, channelBlocks]));
  const sums = f.local("i32", () =>
    address(f, () => f.i32.add(workspace, partialSums), [unit, sumBytes(blocking)], [first, panelWidth * 4]),
  );
  // Consecutive units are blocks of weights, and then parts.
  const partStride = outputBlocks * channelBlocks * sumBytes(blocking);
  const [value, panel, output, line, place] = f.locals("i32", 5);
  const sum = f.local("v128");
  f.set(line, sums);
  f.for(value, 0, multiplications, 1, () => {
    f.for(panel, 0, channels, panelWidth, () => {
      f.set(place, line);
      f.for(output, first, last, 1, () => {
        for (let half = 0; half < panelWidth * 4; half += 16) {
          f.set(sum, () => f.v128.load(half, place));
          for (let part = 1; part < parts; part++) f.set(sum, () => f.f32x4.add(sum, () => f.v128.load(part * partStride + half, place)));
          f.v128.store(half, place, sum);
        }
        f.advance(place, panelWidth * 4);
      });
      f.advance(line, outputs * panelWidth * 4);
    });
    f.advance(line, gap);
  });
  const output0 = f.local("i32", () => address(f, first, [outputBlock, outputs]));
  const outputEnd = f.local("i32", () => address(f, last, [outputBlock, outputs]));
  f.set(outputEnd, () => minimum(f, outputEnd, shape.o));
  const channel0 = f.local("i32", () => f.i32.mul(channelBlock, channels));
  const tileProducts = new TileProducts(f, level, sizesOf(shape, blocking), scratch, sums);
  const transforms = new TileTransforms(f, module, level, scratch);
  storeWeights(f, transforms, tileProducts, args, shape, channels, { output0, outputEnd, channel0 });
}

interface WeightBlock {
  readonly output0: Local<"i32">;
  readonly outputEnd: Local<"i32">;
  readonly channel0: Local<"i32">;
}

/** A block of weights from its sums, four channels at a time. */
function storeWeights(
  f: FunctionBuilder,
  transforms: TileTransforms,
  tileProducts: TileProducts,
  { buffers }: KernelArguments,
  { c, kh }: Conv2dShape,
  channels: number,
  { output0, outputEnd, channel0 }: WeightBlock,
): void {
  const window = kh * kh * 4;
  const target = f.local("i32");
  const left = f.local("i32", () => f.i32.sub(c, channel0));
  f.set(left, () => minimum(f, left, channels));
  tileProducts.each([output0, outputEnd], left, (output, channel, source) => {
    f.set(target, () => address(f, at(buffers, 2), [output, c * window], [channel0, window], [channel, window]));
    transforms.outputs(source, kh, (i, values) => {
      for (const lane of [0, 1, 2, 3] as const) {
        const store = () => values.forEach((value, j) => f.v128.store32_lane(lane * window + (i * kh + j) * 4, lane, target, value));
        if (c % 4 === 0) store();
        else f.if(() => f.i32.lt_s(() => f.i32.add(channel, lane), left), store);
      }
    });
  });
  f.free(target, left);
}
