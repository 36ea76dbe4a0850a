import { type ConvolutionSettings, directOnOneThread, winogradPays } from "./convolution-algorithm.ts";
import { depthwise, isDepthwise } from "./conv2d-depthwise.ts";
import { directConvolution } from "./conv2d-direct.ts";
import { readImages } from "./conv2d-pad.ts";
import { type Conv2dShape, flattened } from "./conv2d-shape.ts";
import type { Epilogue, Kernel } from "./kernel.ts";
import { matmulKernels } from "./matmul.ts";
import type { Place } from "./place.ts";
import { winogradConvolution } from "./winograd.ts";

/**
 * The kernels of a 2-d convolution (cross-correlation, as in PyTorch); buffers are the input, the weights, the epilogue's,
 * the output. Epilogue axes are [n, outChannel, pixel], pixels counted row by row.
 *
 * Strided or padded inputs are copied once, with zeros around them and columns sorted by stride phase; then register tiles
 * of output channels x adjacent pixels read the image in place, with no column matrix. Windows of 3 x 3 over many channels go
 * through Winograd's transforms, unless the algorithm is to be direct. Depthwise windows read the input itself.
 */
export function conv2dKernels(
  shape: Conv2dShape,
  epilogue: Epilogue | null,
  { algorithm, threads }: ConvolutionSettings = directOnOneThread,
): readonly Kernel[] {
  const { n, c, o, h, w, oh, ow, groups, kh, kw } = shape;
  if (n * o * oh * ow === 0) return [];
  const flat = flattened(shape);
  const pointwise = kh === 1 && kw === 1 && flat !== shape && groups === 1;
  if (c === 0 || pointwise)
    return matmulKernels(
      { batch: n, m: o, n: oh * ow, k: c, transposeA: false, transposeB: false, batchStrideA: 0, batchStrideB: c * h * w },
      epilogue,
      [1, 0],
    );
  const buffers = 3 + (epilogue?.buffers ?? 0);
  if (winogradPays(algorithm, shape))
    return winogradConvolution(shape, epilogue, { buffers, image: { buffer: 0 }, weights: { buffer: 1 }, backward: false }, threads);
  if (isDepthwise(shape)) return [depthwise(shape, "forward", epilogue, { buffers, input: { buffer: 0 }, weights: { buffer: 1 } })];
  return convolution(flat, epilogue, { buffers, input: { buffer: 0 }, weights: { buffer: 1 }, workspace: 0 });
}

/** Where a convolution finds its operands, and from where on it may use the workspace. */
export interface ConvolutionPlaces {
  readonly buffers: number;
  readonly input: Place;
  readonly weights: Place;
  readonly workspace: number;
}

/** The padding copy, if one is needed, and the convolution. */
export function convolution(
  shape: Conv2dShape,
  epilogue: Epilogue | null,
  { buffers, input, weights, workspace }: ConvolutionPlaces,
): readonly Kernel[] {
  const images = readImages(shape, input, buffers, workspace);
  return [...images.copies, directConvolution(shape, images, epilogue, { buffers, weights })];
}
