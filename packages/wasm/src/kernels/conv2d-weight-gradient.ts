import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type ConvolutionSettings, directOnOneThread, winogradPays } from "./convolution-algorithm.ts";
import { depthwiseWeightGradient, isDepthwise } from "./conv2d-depthwise.ts";
import { type ReadImages, readImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe, flattened, type ImageLayout, tapOffset } from "./conv2d-shape.ts";
import { weightRegisters } from "./depthwise-plane.ts";
import { type Kernel, type KernelArguments, kernel, type Level } from "./kernel.ts";
import { summedMatmul } from "./matmul.ts";
import { pushPlace } from "./place.ts";
import { address, blockSize, boundedSum, coordinates, cut, fewestOperations, fewestTiles, forTiles } from "./ranges.ts";
import { at } from "./tile.ts";
import { winogradWeightGradient } from "./winograd-weight-gradient.ts";
import { type Tap, TapSums } from "./tap-sums.ts";
import { tapTile, type TapTile, tapTileUnits } from "./tap-tile.ts";

const operationsPerTile = 4_000_000;
/** Products of matrices with fewer results are no faster, and are few tiles. */
const fewestWeights = 8192;
/** Bytes of images and cotangents that stay in the first-level cache while the taps of a tile go over them. */
const cachedBytes = 32_768;
/** Steps emitted one by one before a row becomes a loop. */
const unrolledSteps = 8;

/**
 * The kernels of a convolution's gradient by its weights; buffers are the input, the output's cotangent, the gradient.
 *
 * Every weight's gradient is a dot product of a cotangent plane and a shifted image plane. Vectors run along the pixels of
 * both, where they lie, and a register tile holds a few output channels x a few taps; lanes are summed once at the end.
 * Nothing is transposed or gathered, and as tiles own whole weights, no partial sums pass between threads. Where many weights see
 * single pixels, the sum of the images' matrix products is faster.
 */
export function conv2dWeightGradKernels(original: Conv2dShape, { algorithm }: ConvolutionSettings = directOnOneThread): readonly Kernel[] {
  if (original.o * original.c * original.kh * original.kw === 0) return [];
  if (winogradPays(algorithm, original)) return winogradWeightGradient(original);
  if (isDepthwise(original) && original.kh * original.kw <= weightRegisters) return [depthwiseWeightGradient(original)];
  if (suitsMatmul(original)) {
    const { n, c, o, oh, ow } = original;
    const pixels = oh * ow;
    const shape = {
      batch: n,
      m: o,
      n: c,
      k: pixels,
      transposeA: false,
      transposeB: true,
      batchStrideA: o * pixels,
      batchStrideB: c * pixels,
    };
    return summedMatmul(shape, [1, 0]);
  }
  // Rows of whole vectors are better kept, for they are cut into blocks that fit the cache.
  const shape = original.ow % 4 === 0 ? original : flattened(original);
  const images = readImages(shape, { buffer: 0 }, 3);
  return [...images.copies, weightGradient(shape, images)];
}

/** Whether the gradient is a product of matrices, with enough tiles to share and no more to copy into panels than there is to stream. */
function suitsMatmul(shape: Conv2dShape): boolean {
  const { n, c, o, oh, ow, groups } = shape;
  return flattened(shape) !== shape && groups === 1 && o >= c && o * c >= fewestWeights && n * oh * ow > 0;
}

interface Blocking {
  readonly outputBlock: number;
  readonly channelBlock: number;
  /** Rows of taps per tile: all, or one where there are too few tiles otherwise. */
  readonly tapRows: number;
  readonly images: number;
  readonly rows: number;
}

function weightGradient(shape: Conv2dShape, images: ReadImages): Kernel {
  const { o, c, groups, kh, kw, n, oh } = shape;
  const [og, cg] = [o / groups, c / groups];
  const blocking = block(shape, images.layout);
  const { outputBlock, channelBlock, tapRows, rows } = blocking;
  const blocked = blocking.images < n || rows < oh;
  return kernel({
    name: `conv2d weight gradient ${describe(shape)}`,
    key: `conv2d-weight-gradient:${conv2dKey(shape)}`,
    tiles: groups * Math.ceil(cg / channelBlock) * Math.ceil(og / outputBlock) * (kh / tapRows),
    scratchBytes: blocked ? outputBlock * channelBlock * tapRows * kw * 16 : 0,
    workspaceBytes: images.workspaceBytes,
    buffers: 3,
    body: (f, level, args) => emitGradient(f, level, args, shape, images, blocking),
  });
}

function block(shape: Conv2dShape, layout: ImageLayout): Blocking {
  const { n, c, o, groups, kh, kw, oh, ow, strideH } = shape;
  const [og, cg] = [o / groups, c / groups];
  const unit = tapTileUnits(og, cg, kh, kw);
  const perWeight = Math.max(1, 2 * n * oh * ow);
  const perPair = perWeight * kh * kw;
  const least = Math.min(cg, unit.channels);
  const outputBlock = Math.min(og, blockSize(og, operationsPerTile / (perPair * least), unit.outputs));
  const channelBlock = Math.min(cg, blockSize(cg, operationsPerTile / (perPair * outputBlock), unit.channels));
  const tiles = groups * Math.ceil(cg / channelBlock) * Math.ceil(og / outputBlock);
  const long =
    perPair * outputBlock * channelBlock > 2 * operationsPerTile ||
    (tiles < fewestTiles && perPair * outputBlock * channelBlock > fewestOperations * kh);
  const perImage = (2 * oh * ow + unit.channels * layout.planeLength) * 4;
  const perRow = (2 * ow + unit.channels * layout.rowLength * strideH) * 4;
  const images = Math.max(1, Math.min(n, Math.floor(cachedBytes / Math.max(1, perImage))));
  return {
    outputBlock,
    channelBlock,
    tapRows: long && unit.tapRows === 1 ? 1 : kh,
    images,
    rows: images > 1 || perImage <= cachedBytes ? oh : Math.min(oh, blockSize(oh, cachedBytes / perRow, oh % 2 === 0 ? 2 : 1)),
  };
}

function emitGradient(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  shape: Conv2dShape,
  { layout, place }: ReadImages,
  blocking: Blocking,
): void {
  const { n, c, o, kh, kw, groups, oh, ow, strideH, dilationH } = shape;
  const { outputBlock, channelBlock, tapRows, images, rows } = blocking;
  const [og, cg, taps] = [o / groups, c / groups, kh * kw];
  const { tile, scratch, buffers } = args;
  const [cotangent, gradient] = [at(buffers, 1), at(buffers, 2)];
  const arithmetic = new Arithmetic(f, level);
  const { lanes } = arithmetic;
  const shapeOfTile = tapTile(level, og, cg, kh, kw);
  const blocked = images < n || rows < oh;
  const pixelBytes = oh * ow * 4;
  const planeBytes = layout.planeLength * 4;
  const rowBytes = strideH * layout.rowLength * 4;

  const [channelBlocks, outputBlocks, tapBlocks] = [Math.ceil(cg / channelBlock), Math.ceil(og / outputBlock), kh / tapRows];
  // Consecutive tiles keep one operand's block in cache and stream all of the other: the way that streams less.
  const keepOutputs = outputBlocks * cg * layout.planeLength < channelBlocks * og * oh * ow;
  const [group, outer, inner, tapIndex] = coordinates(
    f,
    tile,
    keepOutputs ? [groups, outputBlocks, channelBlocks, tapBlocks] : [groups, channelBlocks, outputBlocks, tapBlocks],
  );
  const [outputIndex, channelIndex] = keepOutputs ? [outer, inner] : [inner, outer];
  const output0 = f.local("i32", () => f.i32.mul(outputIndex, outputBlock));
  const channel0 = f.local("i32", () => f.i32.mul(channelIndex, channelBlock));
  const tapRow0 = f.local("i32", () => f.i32.mul(tapIndex, tapRows));
  const tapRowEnd = f.local("i32", () => f.i32.add(tapRow0, tapRows));
  const imageBase = f.local("i32", () => address(f, () => pushPlace(f, place, args), [group, cg * planeBytes]));
  const cotangentBase = f.local("i32", () => address(f, cotangent, [group, og * pixelBytes]));
  const gradientBase = f.local("i32", () => address(f, gradient, [group, og * cg * taps * 4]));
  const [image0, imageEnd, row0, rowEnd] = [f.local("i32", 0), f.local("i32", n), f.local("i32", 0), f.local("i32", oh)];
  const [image, row, column, tapRow] = f.locals("i32", 4);
  const [ctAt, imageAt, ctRun, imageRun, store] = f.locals("i32", 5);

  const microkernel = (
    output: Local<"i32">,
    outputs: number,
    channel: Local<"i32">,
    channels: number,
    dx0: number,
    width: number,
    heights: number,
  ) => {
    const sums = new TapSums(
      arithmetic,
      outputs,
      Array.from({ length: channels * heights * width }, (_, i) => ({
        channel: Math.floor(i / (heights * width)),
        dy: Math.floor(i / width) % heights,
        dx: dx0 + (i % width),
      })),
    );
    // Unfinished sums keep their lanes: [output, channel, tap row, tap column, 4] in scratch.
    const pointAtScratch = () => {
      f.set(store, () => f.i32.mul(() => f.i32.sub(output, output0), channelBlock * tapRows * kw * 16));
      f.set(store, () => address(f, store, [() => f.i32.sub(channel, channel0), tapRows * kw * 16]));
      f.set(store, () => address(f, () => f.i32.add(store, scratch), [() => f.i32.sub(tapRow, tapRow0), kw * 16]));
    };
    const inScratch = (i: number, tap: Tap) => (((i * channelBlock + tap.channel) * tapRows + tap.dy) * kw + tap.dx) * 16;
    const step = (ct: Local<"i32">, ctOffset: number, pixels: Local<"i32">, pixelOffset: number, count: number) =>
      sums.step(
        (i) => arithmetic.load(ctOffset + i * pixelBytes, ct, count),
        (tap) => arithmetic.load(pixelOffset + tap.channel * planeBytes + tapOffset(shape, layout, tap.dy, tap.dx) * 4, pixels, count),
      );
    const vectors = Math.floor(ow / lanes);
    const tail = ow % lanes;
    const oneRow = (r: number) => {
      const [ctOffset, pixelOffset] = [r * ow * 4, r * rowBytes];
      if (vectors <= unrolledSteps)
        for (let v = 0; v < vectors; v++) step(ctAt, ctOffset + v * lanes * 4, imageAt, pixelOffset + v * lanes * 4, lanes);
      else {
        f.set(ctRun, ctAt);
        f.set(imageRun, imageAt);
        f.for(column, 0, vectors - (vectors % 4), 4, () => {
          for (let v = 0; v < 4; v++) step(ctRun, ctOffset + v * lanes * 4, imageRun, pixelOffset + v * lanes * 4, lanes);
          f.advance(ctRun, 16 * lanes);
          f.advance(imageRun, 16 * lanes);
        });
        for (let v = vectors - (vectors % 4); v < vectors; v++)
          step(ctAt, ctOffset + v * lanes * 4, imageAt, pixelOffset + v * lanes * 4, lanes);
      }
      if (tail > 0) step(ctAt, ctOffset + vectors * lanes * 4, imageAt, pixelOffset + vectors * lanes * 4, tail);
    };
    const together = [4, 2].find((count) => oh % count === 0 && rows % count === 0 && count * Math.ceil(ow / lanes) <= unrolledSteps) ?? 1;
    const everyRow = () =>
      f.for(row, row0, rows === oh ? oh : rowEnd, together, () => {
        for (let r = 0; r < together; r++) oneRow(r);
        f.advance(ctAt, together * ow * 4);
        f.advance(imageAt, together * rowBytes);
      });

    f.set(ctAt, () => address(f, cotangentBase, [image0, o * pixelBytes]));
    f.set(ctAt, () => address(f, ctAt, [output, pixelBytes], [row0, ow * 4]));
    f.set(imageAt, () => address(f, imageBase, [image0, c * planeBytes], [channel, planeBytes]));
    f.set(imageAt, () => address(f, imageAt, [row0, rowBytes], [tapRow, dilationH * layout.rowLength * 4]));
    if (blocked) {
      pointAtScratch();
      f.if(
        () => f.i32.or(image0, row0),
        () => sums.resume(store, inScratch),
        () => sums.zero(),
      );
    } else sums.zero();
    if (images === 1) f.if(() => f.i32.lt_s(image0, imageEnd), everyRow);
    else
      f.for(image, image0, imageEnd, 1, () => {
        everyRow();
        f.advance(ctAt, (o - 1) * pixelBytes);
        f.advance(imageAt, c * planeBytes - oh * rowBytes);
      });
    const done = () => {
      f.set(store, () => address(f, gradientBase, [output, cg * taps * 4], [channel, taps * 4]));
      f.set(store, () => address(f, store, [tapRow, kw * 4]));
      sums.finish(store, (i, tap) => ((i * cg + tap.channel) * taps + tap.dy * kw + tap.dx) * 4);
    };
    if (blocked)
      f.if(
        () =>
          f.i32.and(
            () => f.i32.ge_s(imageEnd, n),
            () => f.i32.ge_s(rowEnd, oh),
          ),
        done,
        () => sums.save(store, inScratch),
      );
    else done();
    sums.free();
  };

  const tapsOf = (output: Local<"i32">, outputs: number, channel: Local<"i32">, channels: number, { tapRows: heights, width }: TapTile) =>
    f.for(tapRow, tapRow0, tapRowEnd, heights, () => {
      for (let dx = 0; dx < kw; dx += width) microkernel(output, outputs, channel, channels, dx, Math.min(width, kw - dx), heights);
    });
  const oneBlock = () =>
    forTiles(f, cut(og, shapeOfTile.outputs), outputBlock >= og ? 0 : output0, outputBlock, (output, outputs) =>
      forTiles(f, cut(cg, shapeOfTile.channels), channelBlock >= cg ? 0 : channel0, channelBlock, (channel, channels) =>
        tapsOf(output, outputs, channel, channels, shapeOfTile),
      ),
    );
  if (!blocked) return oneBlock();
  f.for(image0, 0, n, images, () => {
    boundedSum(f, imageEnd, image0, images, n);
    f.for(row0, 0, oh, rows, () => {
      boundedSum(f, rowEnd, row0, rows, oh);
      oneBlock();
    });
  });
}
