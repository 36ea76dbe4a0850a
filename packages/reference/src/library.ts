import type { KernelTable, LibraryCall } from "@gradus/compile";
import { type Convolution, convolutionSizes, type ConvolutionSizes, type LibraryOps, type Shape, sizeOf } from "@gradus/tensor";

/** A library call on float64 arrays, inputs in slot order. */
export type Run = (inputs: readonly Float64Array[], output: Float64Array) => void;

/** Every library op by its definition: loops and nothing else. */
export const kernels: KernelTable<Run> = {
  matmul: (call) => [matmul(call)],
  scatterAdd: ({ attrs: { rows }, out }) => [
    ([index, updates], output) => {
      const width = sizeOf(out.shape.slice(1));
      index?.forEach((row, i) => {
        for (let j = 0; j < width; j++) output[Math.min(Math.max(row, 0), rows - 1) * width + j]! += updates?.[i * width + j] ?? 0;
      });
    },
  ],
  conv2d: ({ x: { x, weight }, attrs }) => {
    const sizes = sizesOf(x.shape, weight.shape, attrs);
    return [
      ([input, kernel], output) => {
        if (input && kernel) forEachTap(sizes, attrs, (at, from, tap) => (output[at]! += input[from]! * kernel[tap]!));
      },
    ];
  },
  conv2dInputGrad: ({ x: { weight }, attrs }) => {
    const sizes = sizesOf(attrs.inputShape, weight.shape, attrs);
    return [
      ([ct, kernel], output) => {
        if (ct && kernel) forEachTap(sizes, attrs, (at, from, tap) => (output[from]! += ct[at]! * kernel[tap]!));
      },
    ];
  },
  conv2dWeightGrad: ({ x: { x }, attrs }) => {
    const sizes = sizesOf(x.shape, attrs.weightShape, attrs);
    return [
      ([input, ct], output) => {
        if (input && ct) forEachTap(sizes, attrs, (at, from, tap) => (output[tap]! += ct[at]! * input[from]!));
      },
    ];
  },
};

function matmul({ x: { a, b }, attrs: { transposeA, transposeB }, out: { shape } }: LibraryCall<"matmul">): Run {
  const [m = 1, n = 1] = shape.slice(-2);
  const k = a.shape[a.shape.length - (transposeA ? 2 : 1)] ?? 1;
  return ([left, right], output) => {
    if (!left || !right) return;
    for (let batch = 0; batch < sizeOf(shape.slice(0, -2)); batch++) {
      const aAt = batchOffset(batch, shape, a.shape);
      const bAt = batchOffset(batch, shape, b.shape);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = 0; p < k; p++) sum += left[aAt + (transposeA ? p * m + i : i * k + p)]! * right[bAt + (transposeB ? j * k + p : p * n + j)]!;
          output[(batch * m + i) * n + j] = sum;
        }
    }
  };
}

/** Element offset of a batch item in an operand whose batch axes of size 1 repeat. */
export function batchOffset(batch: number, out: Shape, operand: Shape): number {
  let offset = 0;
  let stride = sizeOf(operand.slice(-2));
  let rest = batch;
  for (let axis = 3; axis <= out.length; axis++) {
    const extent = out[out.length - axis] ?? 1;
    const own = operand[operand.length - axis] ?? 1;
    if (own !== 1) offset += (rest % extent) * stride;
    rest = Math.floor(rest / extent);
    stride *= own;
  }
  return offset;
}

function sizesOf(input: Shape, weight: Shape, attrs: Convolution): ConvolutionSizes {
  return convolutionSizes(input, weight, attrs, ({ sentence }) => {
    throw new RangeError(sentence);
  });
}

/** Visits every product of a convolution: positions in the output, the input and the weight. */
function forEachTap({ n, c, h, w, o, kh, kw, oh, ow }: ConvolutionSizes, { stride, padding, dilation, groups }: Convolution, visit: (at: number, from: number, tap: number) => void): void {
  const [strideH = 1, strideW = 1] = stride;
  const [dilationH = 1, dilationW = 1] = dilation;
  const [top = 0, left = 0] = padding;
  const depth = c / groups;
  const perGroup = o / groups;
  for (let image = 0; image < n; image++)
    for (let out = 0; out < o; out++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++)
          for (let d = 0; d < depth; d++)
            for (let p = 0; p < kh; p++)
              for (let q = 0; q < kw; q++) {
                const row = y * strideH + p * dilationH - top;
                const column = x * strideW + q * dilationW - left;
                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                const channel = Math.floor(out / perGroup) * depth + d;
                visit(((image * o + out) * oh + y) * ow + x, ((image * c + channel) * h + row) * w + column, ((out * depth + d) * kh + p) * kw + q);
              }
}

/** Looks a call's definition up by its op's name. */
export function kernelOf<K extends keyof LibraryOps>(op: K, call: LibraryCall<K>): Run {
  return kernels[op](call, null)[0];
}
