import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { paddedBytes, padImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe, type ImageLayout, imageLayout } from "./conv2d-shape.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { type Place, pushPlace } from "./place.ts";
import { address, blockEnd, blockSize, boundedSum, coordinates, forTiles, minimum, roundUp } from "./ranges.ts";
import { rowTiles, rowUnit } from "./row-tiles.ts";
import { at, strip, Tile } from "./tile.ts";
import { panelWidth } from "./matmul-pack.ts";
import { gap, tilingOf, wholeTiles } from "./winograd-shape.ts";
import { products, temporaryBytes, TileTransforms } from "./winograd-tiles.ts";

const unroll = 4;
const entryBytes = 8;
/** Tiles of an image transformed before the other half of a panel is. */
const tilesTogether = 16;
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

interface Places {
  readonly image: Place;
  readonly imageLayout: ImageLayout;
  readonly cotangent: Place;
  readonly cotangentLayout: ImageLayout;
  readonly sums: number;
  readonly workspaceBytes: number;
}

/**
 * A convolution's gradient by its weights: for each tile the cotangent is the filter, and all tiles'
 * products are added up before they become weights. Buffers are the input, the output's cotangent, the gradient.
 */
export function winogradWeightGradient(shape: Conv2dShape): readonly Kernel[] {
  const blocking = block(shape);
  const whole = wholeTiles(shape);
  const cotangents = cotangentShape(shape, whole);
  const [imagesAt, cotangentsAt] = [imageLayout(whole), imageLayout(cotangents)];
  const copies: Kernel[] = [];
  let workspaceBytes = 0;
  const copied = (of: Conv2dShape, layout: ImageLayout, buffer: number): Place => {
    if (!layout.copied) return { buffer };
    const workspace = workspaceBytes;
    copies.push(padImages(of, layout, { buffer }, workspace, 3));
    workspaceBytes += paddedBytes(of, layout);
    return { workspace };
  };
  const image = copied(whole, imagesAt, 0);
  const cotangent = copied(cotangents, cotangentsAt, 1);
  const places: Places = {
    image,
    imageLayout: imagesAt,
    cotangent,
    cotangentLayout: cotangentsAt,
    sums: workspaceBytes,
    workspaceBytes: workspaceBytes + (blocking.parts === 1 ? 0 : unitsOf(blocking) * sumBytes(blocking)),
  };
  const gradient = kernel({
    name: `conv2d weight gradient winograd ${describe(shape)}`,
    key: `winograd-weight-gradient:${conv2dKey(shape)}`,
    tiles: unitsOf(blocking),
    scratchBytes: scratchOf(blocking).bytes,
    workspaceBytes: places.workspaceBytes,
    buffers: 3,
    body: (f, level, args, module) => emitProducts(f, level, args, module, shape, places, blocking),
  });
  if (blocking.parts === 1) return [...copies, gradient];
  const sum = kernel({
    name: `${gradient.name} sum`,
    key: `winograd-weight-gradient-sum:${conv2dKey(shape)}`,
    tiles: blocking.outputBlocks * blocking.channelBlocks * Math.ceil(blocking.outputs / outputsPerSum),
    scratchBytes: temporaryBytes,
    workspaceBytes: places.workspaceBytes,
    buffers: 3,
    body: (f, level, args, module) => emitSum(f, level, args, module, shape, places, blocking),
  });
  return [...copies, gradient, sum];
}

/** The cotangent as images of which whole tiles are read, one pixel a tap. */
function cotangentShape({ n, o, oh, ow }: Conv2dShape, whole: Conv2dShape): Conv2dShape {
  const none = { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 };
  return { ...whole, ...none, n, c: o, h: oh, w: ow, o, kh: 1, kw: 1 };
}

function block(shape: Conv2dShape): Blocking {
  const { o, c } = shape;
  const { count } = tilingOf(shape);
  const outputs = Math.min(o, blockSize(o, outputsTogether, Math.min(o, rowUnit(o))));
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

/** From one value of a tile's sums to the next. */
function sumStride({ outputs, channels }: Pick<Blocking, "outputs" | "channels">): number {
  return outputs * channels * 4 + gap;
}

function sumBytes(block: Pick<Blocking, "outputs" | "channels">): number {
  return products * sumStride(block);
}

/** Byte offsets in a thread's scratch, and bytes from one value of a tile to the next. */
function scratchOf(blocking: Blocking) {
  const { outputs, channels, tiles, parts } = blocking;
  const strides = { image: channels * tiles * 4 + gap, cotangent: outputs * tiles * 4 + gap };
  const table = temporaryBytes;
  const image = roundUp(table + tiles * entryBytes, 16);
  const cotangent = image + products * strides.image;
  const sums = cotangent + products * strides.cotangent;
  return { table, image, cotangent, sums, strides, bytes: sums + (parts === 1 ? sumBytes(blocking) : 0) };
}

function emitProducts(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  places: Places,
  blocking: Blocking,
): void {
  const { c, o } = shape;
  const { size, across, down, count } = tilingOf(shape);
  const { outputs, channels, outputBlocks, channelBlocks, tiles, perPart, parts } = blocking;
  const { tile, scratch, workspace } = args;
  const arithmetic = new Arithmetic(f, level);
  const transforms = new TileTransforms(f, module, level, scratch);
  const offsets = scratchOf(blocking);
  const { strides } = offsets;
  const bytesOf = (layout: ImageLayout) => ({ plane: layout.planeLength * 4, row: layout.rowLength * 4 });
  const [imageBytes, cotangentBytes] = [bytesOf(places.imageLayout), bytesOf(places.cotangentLayout)];

  const [part = tile, outputBlock = tile, channelBlock = tile] = coordinates(f, tile, [parts, outputBlocks, channelBlocks]);
  const output0 = f.local("i32", () => f.i32.mul(outputBlock, outputs));
  const channel0 = f.local("i32", () => f.i32.mul(channelBlock, channels));
  const outputEnd = blockEnd(f, output0, outputs, o);
  const [tile0, tileEnd, steps, partEnd] = f.locals("i32", 4);
  const table = f.local("i32", () => f.i32.add(scratch, offsets.table));
  const sums = f.local("i32", () =>
    parts === 1 ? f.i32.add(scratch, offsets.sums) : address(f, () => f.i32.add(workspace, places.sums), [tile, sumBytes(blocking)]),
  );
  const lanes = f.locals("i32", 4);

  // Where each tile lies in the images and in the cotangents; the last one again beyond the end, whose products are not summed.
  const locateTiles = () => {
    const [image0, cotangent0] = [
      f.local("i32", () => pushPlace(f, places.image, args)),
      f.local("i32", () => pushPlace(f, places.cotangent, args)),
    ];
    const [i, entry, at, image, y, x] = f.locals("i32", 6);
    const place = (base: Local<"i32">, planes: number, { plane, row }: { plane: number; row: number }) =>
      address(f, base, [image, planes * plane], [y, size * row], [x, size * 4]);
    f.set(entry, table);
    f.for(i, 0, tiles, 1, () => {
      boundedSum(f, at, tile0, i, count - 1);
      f.set(x, () => f.i32.rem_u(at, across));
      f.set(at, () => f.i32.div_u(at, across));
      f.set(y, () => f.i32.rem_u(at, down));
      f.set(image, () => f.i32.div_u(at, down));
      f.i32.store(0, entry, () => place(image0, c, imageBytes));
      f.i32.store(4, entry, () => place(cotangent0, o, cotangentBytes));
      f.advance(entry, entryBytes);
    });
    f.free(image0, cotangent0, i, entry, at, image, y, x);
  };

  // Images as panels of eight channels, [value, panel, tile, 8]; channels beyond the last are the last once more.
  const transformImages = () => {
    const [panel, half, channel, entry, target, first, last, i] = f.locals("i32", 8);
    f.for(panel, 0, channels, panelWidth, () =>
      f.for(first, 0, steps, tilesTogether, () => {
        boundedSum(f, last, first, tilesTogether, steps);
        f.for(half, 0, panelWidth, 4, () => {
          f.set(target, () =>
            address(
              f,
              () => f.i32.add(scratch, offsets.image),
              [panel, tiles * 4],
              [() => f.i32.add(() => f.i32.mul(first, panelWidth), half), 4],
            ),
          );
          f.set(entry, () => address(f, table, [first, entryBytes]));
          f.for(i, first, last, 1, () => {
            lanes.forEach((lane, k) => {
              f.set(channel, () =>
                f.i32.add(
                  () => f.i32.add(channel0, panel),
                  () => f.i32.add(half, k),
                ),
              );
              if (c % channels !== 0) f.set(channel, () => minimum(f, channel, c - 1));
              f.set(lane, () => address(f, () => f.i32.load(0, entry), [channel, imageBytes.plane]));
            });
            transforms.images(lanes, imageBytes.row, target, strides.image);
            f.advance(target, panelWidth * 4);
            f.advance(entry, entryBytes);
          });
        });
      }),
    );
    f.free(panel, half, channel, entry, target, first, last, i);
  };

  // Cotangents as [value, output channel, tile].
  const transformCotangents = () => {
    const [output, i, entry, target, line] = f.locals("i32", 5);
    f.set(line, () => f.i32.add(scratch, offsets.cotangent));
    f.for(output, output0, outputEnd, 1, () => {
      f.set(target, line);
      f.set(entry, table);
      f.for(i, 0, steps, 4, () => {
        lanes.forEach((lane, k) =>
          f.set(lane, () => address(f, () => f.i32.load(k * entryBytes + 4, entry), [output, cotangentBytes.plane])),
        );
        transforms.cotangents(lanes, size, cotangentBytes.row, target, strides.cotangent);
        f.advance(target, 16);
        f.advance(entry, 4 * entryBytes);
      });
      f.advance(line, tiles * 4);
    });
    f.free(output, i, entry, target, line);
  };

  // For every value: [output channels, tiles] times [tiles, channels], added to [value, panel, output channel, 8].
  const multiply = (begin: () => void) => {
    const [value, panel, a, b, rowA, stepA, stepB, target, sumsAt, turn, whole] = f.locals("i32", 11);
    f.set(a, () => f.i32.add(scratch, offsets.cotangent));
    f.set(b, () => f.i32.add(scratch, offsets.image));
    f.set(target, sums);
    f.set(whole, () => f.i32.and(steps, -unroll));
    f.for(value, 0, products, 1, () => {
      f.for(panel, 0, channels, panelWidth, () => {
        f.set(rowA, a);
        f.set(sumsAt, target);
        forTiles(f, rowTiles(o, level), outputs >= o ? 0 : output0, outputs, (_row, height) => {
          const tileSums = new Tile(arithmetic, height, strip(4, panelWidth));
          f.if(
            begin,
            () => tileSums.zero(),
            () => tileSums.resume(sumsAt, panelWidth * 4),
          );
          f.set(stepA, rowA);
          f.set(stepB, b);
          const product = (turns: number) => {
            for (let i = 0; i < turns; i++)
              tileSums.step(
                (r) => arithmetic.splat((r * tiles + i) * 4, stepA),
                (column) => arithmetic.load((i * panelWidth + column) * 4, stepB),
              );
            f.advance(stepA, turns * 4);
            f.advance(stepB, turns * panelWidth * 4);
          };
          f.for(turn, 0, whole, unroll, () => product(unroll));
          f.for(turn, whole, steps, 1, () => product(1));
          tileSums.save(sumsAt, panelWidth * 4);
          tileSums.free();
          f.advance(rowA, height * tiles * 4);
          f.advance(sumsAt, height * panelWidth * 4);
        });
        f.advance(b, tiles * panelWidth * 4);
        f.advance(target, outputs * panelWidth * 4);
      });
      f.advance(a, strides.cotangent);
      f.advance(b, gap);
      f.advance(target, gap);
    });
    f.free(value, panel, a, b, rowA, stepA, stepB, target, sumsAt, turn, whole);
  };

  const part0 = f.local("i32", () => f.i32.mul(part, perPart));
  boundedSum(f, partEnd, part0, perPart, count);
  f.for(tile0, part0, partEnd, tiles, () => {
    boundedSum(f, tileEnd, tile0, tiles, partEnd);
    f.set(steps, () => f.i32.sub(tileEnd, tile0));
    locateTiles();
    transformImages();
    transformCotangents();
    multiply(() => f.i32.eq(tile0, part0));
  });
  if (parts === 1) storeWeights(f, transforms, args, shape, blocking, sums, { output0, outputEnd, channel0 });
}

/** Adds the parts' sums of some output channels to the first part's, and makes weights of them. */
function emitSum(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  { sums: offset }: Places,
  blocking: Blocking,
): void {
  const { outputs, channels, outputBlocks, channelBlocks, parts } = blocking;
  const { tile, scratch, workspace } = args;
  const transforms = new TileTransforms(f, module, level, scratch);
  const pieces = Math.ceil(outputs / outputsPerSum);
  const [outputBlock = tile, channelBlock = tile, piece = tile] = coordinates(f, tile, [outputBlocks, channelBlocks, pieces]);
  const first = f.local("i32", () => f.i32.mul(piece, outputsPerSum));
  const last = blockEnd(f, first, outputsPerSum, outputs);
  const unit = f.local("i32", () => address(f, channelBlock, [outputBlock, channelBlocks]));
  const sums = f.local("i32", () => address(f, () => f.i32.add(workspace, offset), [unit, sumBytes(blocking)], [first, panelWidth * 4]));
  // Consecutive units are blocks of weights, and then parts.
  const partStride = outputBlocks * channelBlocks * sumBytes(blocking);
  const [value, panel, output, line, place] = f.locals("i32", 5);
  const sum = f.local("v128");
  f.set(line, sums);
  f.for(value, 0, products, 1, () => {
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
  storeWeights(f, transforms, args, shape, blocking, sums, {
    output0,
    outputEnd,
    channel0: f.local("i32", () => f.i32.mul(channelBlock, channels)),
  });
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
  { buffers }: KernelArguments,
  { c, kh }: Conv2dShape,
  blocking: Blocking,
  sums: Local<"i32">,
  { output0, outputEnd, channel0 }: WeightBlock,
): void {
  const { outputs, channels } = blocking;
  const window = kh * kh * 4;
  const [output, channel, channelEnd, source, target, line] = f.locals("i32", 6);
  boundedSum(f, channelEnd, channel0, channels, c);
  f.set(line, sums);
  f.for(output, output0, outputEnd, 1, () => {
    f.set(source, line);
    f.set(target, () => address(f, at(buffers, 2), [output, c * window], [channel0, window]));
    f.for(channel, channel0, channelEnd, 4, () => {
      transforms.outputs(source, sumStride(blocking), kh, (i, values) => {
        for (const lane of [0, 1, 2, 3] as const) {
          const store = () => values.forEach((value, j) => f.v128.store32_lane(lane * window + (i * kh + j) * 4, lane, target, value));
          if (c % 4 === 0) store();
          else f.if(() => f.i32.lt_s(() => f.i32.add(channel, lane), channelEnd), store);
        }
      });
      f.advance(target, 4 * window);
      // The second half of a panel lies beside its first; the next panel after all output channels.
      f.set(source, () =>
        f.i32.add(source, () => f.select("i32", outputs * panelWidth * 4 - 16, 16, () => f.i32.and(() => f.i32.sub(channel, channel0), 4))),
      );
    });
    f.advance(line, panelWidth * 4);
  });
  f.free(output, channel, channelEnd, source, target, line);
}
