import { type Conv2dShape, operationsOf } from "./conv2d-shape.ts";
import { panelWidth } from "./matmul-pack.ts";
import { roundUp } from "./ranges.ts";
import { tilingOf } from "./winograd-shape.ts";
import { multiplications } from "./winograd-tiles.ts";

/**
 * How convolutions may be computed: `direct` sums every product, and `fastest` takes Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5) where they are
 * faster. They multiply four and nearly three times less. Sums over 512 channels come out within 2e-5 of the outputs' root mean square, direct ones within 1e-5.
 * A NaN or an infinity among the inputs makes NaN of every output of the tiles that it reaches, 4 x 4 or 2 x 2, not only of those whose windows hold it.
 */
export type ConvolutionAlgorithm = "fastest" | "direct";

/** How a backend wants its convolutions. */
export interface ConvolutionSettings {
  readonly algorithm: ConvolutionAlgorithm;
  /** How many threads share the work. */
  readonly threads: number;
}

export const directOnOneThread: ConvolutionSettings = { algorithm: "direct", threads: 1 };

/** Nanoseconds, measured on one core of 57 GFLOP/s: only their ratios count. */
export const cost = { product: 2 / 55, transformedProduct: 2 / 56, image: 11, output: 9, weights: 7, paddedPixel: 0.35 };

/** Rounding is not given away for less than a tenth of the time. */
const worthwhile = 1.1;

/** Whether Winograd's algorithm applies to a convolution of this shape, and `tiles` tiles are faster than `products` multiplications. */
export function winogradPays(
  algorithm: ConvolutionAlgorithm,
  shape: Conv2dShape,
  products = operationsOf(shape) / 2,
  tiles = tilingOf(shape).count,
): boolean {
  const { n, c, o, h, w, kh, kw, strideH, strideW, dilationH, dilationW, groups } = shape;
  const applies = kh === kw && (kh === 3 || kh === 5) && strideH * strideW * dilationH * dilationW * groups === 1;
  if (algorithm === "direct" || !applies) return false;
  const multiplied = roundUp(tiles, panelWidth) * multiplications * c * o * cost.transformedProduct;
  // Weights are transformed again for each block of tiles.
  const transformed =
    tiles * (c * cost.image + o * cost.output) + Math.ceil(tiles / 64) * c * o * cost.weights + n * c * h * w * cost.paddedPixel;
  return worthwhile * (multiplied + transformed) < products * cost.product;
}
