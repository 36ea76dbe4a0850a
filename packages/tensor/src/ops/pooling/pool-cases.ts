import { type Shape, sizeOf } from "../../shape.ts";
import type { Pooling } from "./geometry.ts";

/** @internal */
export interface PoolCase {
  readonly x: Shape;
  readonly y: Shape;
  readonly attrs: Pooling;
}

const plain: Pooling = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceilMode: false };

/**
 * Windows that touch, overlap, leave gaps, are padded, rounded up, or oblong.
 *
 * @internal
 */
export const poolCases: readonly PoolCase[] = [
  { x: [2, 3, 6, 8], y: [2, 3, 3, 4], attrs: plain },
  { x: [1, 2, 7, 9], y: [1, 2, 3, 4], attrs: plain },
  { x: [1, 2, 7, 9], y: [1, 2, 4, 5], attrs: { ...plain, ceilMode: true } },
  { x: [2, 2, 9, 10], y: [2, 2, 5, 5], attrs: { ...plain, kernel: [3, 3], padding: [1, 1] } },
  { x: [1, 2, 8, 9], y: [1, 2, 4, 4], attrs: { ...plain, kernel: [3, 3], ceilMode: true } },
  { x: [1, 1, 6, 7], y: [1, 1, 5, 6], attrs: { ...plain, stride: [1, 1] } },
  { x: [1, 2, 9, 8], y: [1, 2, 2, 3], attrs: { ...plain, stride: [4, 3] } },
  { x: [1, 2, 5, 7], y: [1, 2, 5, 3], attrs: { ...plain, kernel: [1, 3], stride: [1, 2] } },
  { x: [2, 1, 4, 4], y: [2, 1, 1, 1], attrs: { ...plain, kernel: [4, 4], stride: [4, 4] } },
  { x: [0, 2, 4, 4], y: [0, 2, 2, 2], attrs: plain },
];

/**
 * Dilated windows as well, which only maximum pooling has.
 *
 * @internal
 */
export const dilatedCases: readonly PoolCase[] = [
  ...poolCases,
  { x: [1, 2, 9, 10], y: [1, 2, 7, 8], attrs: { ...plain, stride: [1, 1], dilation: [2, 2] } },
  { x: [1, 2, 9, 10], y: [1, 2, 4, 5], attrs: { ...plain, kernel: [3, 3], padding: [1, 1], dilation: [2, 2], ceilMode: true } },
];

/**
 * Calls that pooling refuses.
 *
 * @internal
 */
export const poolRejects = [
  { x: { x: [3, 6, 6] }, attrs: plain, code: "shape/pool-rank" },
  { x: { x: [1, 1, 6, 1] }, attrs: plain, code: "shape/pool-too-small" },
  { x: { x: [1, 1, 6, 6] }, attrs: { ...plain, padding: [2, 2] }, code: "shape/pool-attributes" },
  { x: { x: [1, 1, 6, 6] }, attrs: { ...plain, stride: [0, 1] }, code: "shape/pool-attributes" },
  { x: { x: { shape: [1, 1, 6, 6], dtype: "int32" } }, attrs: plain, code: "dtype/unsupported" },
] as const;

/** @internal */
export interface Tap {
  /** Row-major position of the window in the output. */
  readonly window: number;
  /** Row-major position of the tap in the kernel. */
  readonly tap: number;
  /** Row-major position in the input; null in the padding. */
  readonly pixel: number | null;
  /** Where the tap is, from the input's top left corner. */
  readonly at: readonly [row: number, column: number];
}

/**
 * Every tap of every window.
 *
 * @internal
 */
export function taps(x: Shape, y: Shape, { kernel, stride, padding, dilation }: Pooling): Tap[] {
  const [, , h = 1, w = 1] = x;
  const [, , oh = 1, ow = 1] = y;
  const [kh = 1, kw = 1] = kernel;
  return Array.from({ length: sizeOf(y) * kh * kw }, (_, i) => {
    const tap = i % (kh * kw);
    const window = (i - tap) / (kh * kw);
    const row = (Math.floor(window / ow) % oh) * (stride[0] ?? 1) + Math.floor(tap / kw) * (dilation[0] ?? 1) - (padding[0] ?? 0);
    const column = (window % ow) * (stride[1] ?? 1) + (tap % kw) * (dilation[1] ?? 1) - (padding[1] ?? 0);
    const inside = row >= 0 && row < h && column >= 0 && column < w;
    return { window, tap, pixel: inside ? (Math.floor(window / (oh * ow)) * h + row) * w + column : null, at: [row, column] };
  });
}
