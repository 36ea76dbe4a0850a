import type { ConvolutionSizes } from "@gradus/tensor";

/** A 2-d convolution with every extent known when the code is made: NCHW activations, OIHW weights, float32. */
export interface Conv2dShape extends ConvolutionSizes {
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly padBottom: number;
  readonly padRight: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
}

/**
 * How the kernels see the input: the part of the padded image that taps touch, its rows split by `phases` (columns that
 * are equal modulo the stride), so that adjacent outputs read adjacent floats whatever the stride.
 */
export interface ImageLayout {
  /** Rows of the padded image that some tap touches. */
  readonly rows: number;
  /** The phases that some tap touches. */
  readonly phases: readonly number[];
  /** Floats of one phase of one row, of a row, of a channel. */
  readonly phaseLength: number;
  readonly rowLength: number;
  readonly planeLength: number;
  /** Whether a copy must be made; otherwise this describes the input itself. */
  readonly copied: boolean;
}

export function imageLayout(shape: Conv2dShape): ImageLayout {
  const { h, w, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, oh, ow } = shape;
  const rows = (oh - 1) * strideH + (kh - 1) * dilationH + 1;
  const columns = (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  if (strideW === 1 && padTop === 0 && padLeft === 0 && rows <= h && columns <= w)
    return { rows: h, phases: [0], phaseLength: w, rowLength: w, planeLength: h * w, copied: false };
  const phases = [...new Set(Array.from({ length: kw }, (_, dx) => (dx * dilationW) % strideW))].sort((a, b) => a - b);
  const phaseLength = Math.ceil(columns / strideW);
  const rowLength = phases.length * phaseLength;
  return { rows, phases, phaseLength, rowLength, planeLength: rows * rowLength, copied: true };
}

/** Floats from an output's place in the image to the one its tap (dy, dx) reads. */
export function tapOffset(
  { strideW, dilationH, dilationW }: Conv2dShape,
  { phases, phaseLength, rowLength }: ImageLayout,
  dy: number,
  dx: number,
): number {
  const column = dx * dilationW;
  return dy * dilationH * rowLength + phases.indexOf(column % strideW) * phaseLength + Math.floor(column / strideW);
}

/** Multiply-adds count twice. */
export function operationsOf({ n, c, o, kh, kw, groups, oh, ow }: Conv2dShape): number {
  return (2 * n * o * oh * ow * c * kh * kw) / groups;
}

/** Taps of one by one and no padding see pixels only, so that rows need not be told apart. */
export function flattened(shape: Conv2dShape): Conv2dShape {
  const { h, w, kh, kw, strideH, strideW, padTop, padLeft, oh, ow } = shape;
  const pointwise = kh === 1 && kw === 1 && strideH === 1 && strideW === 1 && padTop === 0 && padLeft === 0 && oh === h && ow === w;
  return pointwise ? { ...shape, h: 1, w: h * w, oh: 1, ow: h * w } : shape;
}

export function describe(shape: Conv2dShape): string {
  const { n, c, h, w, o, kh, kw, strideH, strideW, groups } = shape;
  return `${n}x${c}x${h}x${w} -> ${o}, ${kh}x${kw}${strideH === 1 && strideW === 1 ? "" : ` stride ${strideH}x${strideW}`}${groups === 1 ? "" : ` in ${groups} groups`}`;
}

export function conv2dKey(shape: Conv2dShape): string {
  const { n, c, h, w, o, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, oh, ow } = shape;
  return [n, c, h, w, o, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, oh, ow].join();
}
