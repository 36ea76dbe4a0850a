import { type ConvolutionSettings, directOnOneThread, winogradPays } from "./convolution-algorithm.ts";
import { columnGradient } from "./conv2d-columns.ts";
import { depthwise, isDepthwise } from "./conv2d-depthwise.ts";
import { flipWeights, flippedBytes } from "./conv2d-flip.ts";
import { type Conv2dShape, flattened, operationsOf } from "./conv2d-shape.ts";
import { hasPhases, phaseGradient } from "./conv2d-phases.ts";
import { convolution } from "./conv2d.ts";
import type { Epilogue, Kernel } from "./kernel.ts";
import { matmulKernels } from "./matmul.ts";
import { tilingOf } from "./winograd-shape.ts";
import { transposedTiles, transposes, winogradTransposed } from "./winograd-transposed.ts";
import { winogradConvolution } from "./winograd.ts";

/** A padded correlation with the flipped weights multiplies this much more than there are products, at most. */
const wasteLimit = 1.3;

/**
 * The kernels of a convolution's gradient by its input; buffers are the output's cotangent, the weights, the epilogue's,
 * the gradient. Epilogue axes are [n, channel, pixel].
 *
 * With stride 1 on maps that the window hardly shrinks it is a convolution of the cotangent with flipped weights.
 * Otherwise that would multiply mostly zeros: the products come from a matrix product into columns, which are gathered.
 * Strided windows over few channels go by the stride's phases instead, and depthwise ones have a kernel of their own.
 */
export function conv2dInputGradKernels(
  shape: Conv2dShape,
  epilogue: Epilogue | null,
  { algorithm, threads }: ConvolutionSettings = directOnOneThread,
): readonly Kernel[] {
  const { n, c, h, w, o, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, oh, ow } = shape;
  if (n * c * h * w === 0) return [];
  const products = o * oh * ow * kh * kw > 0;
  const pointwise = kh * kw === 1 && flattened(shape) !== shape && groups === 1;
  if (!products || pointwise)
    return matmulKernels(
      { batch: n, m: c, n: h * w, k: products ? o : 0, transposeA: true, transposeB: false, batchStrideA: 0, batchStrideB: o * oh * ow },
      epilogue,
      [1, 0],
    );
  const buffers = 3 + (epilogue?.buffers ?? 0);
  if (isDepthwise(shape)) return [depthwise(shape, "gradient", epilogue, { buffers, input: { buffer: 0 }, weights: { buffer: 1 } })];
  if (hasPhases(shape)) return phaseGradient(shape, epilogue);
  const backward: Conv2dShape = {
    ...shape,
    c: o,
    h: oh,
    w: ow,
    o: c,
    oh: h,
    ow: w,
    padTop: (kh - 1) * dilationH - padTop,
    padLeft: (kw - 1) * dilationW - padLeft,
  };
  const needed = operationsOf(shape) / 2;
  const tiles = transposes(shape) ? transposedTiles(shape) : Number.POSITIVE_INFINITY;
  if (tiles < tilingOf(backward).count && winogradPays(algorithm, shape, needed, tiles)) return winogradTransposed(shape, epilogue);
  if (winogradPays(algorithm, backward, needed))
    return winogradConvolution(backward, epilogue, { buffers, image: { buffer: 0 }, weights: { buffer: 1 }, backward: true }, threads);
  if (strideH > 1 || strideW > 1 || h * w > wasteLimit * oh * ow) return [columnGradient(shape, epilogue)];
  return [
    flipWeights(shape, buffers),
    ...convolution(flattened(backward), epilogue, {
      buffers,
      input: { buffer: 0 },
      weights: { workspace: 0 },
      workspace: flippedBytes(shape),
    }),
  ];
}
