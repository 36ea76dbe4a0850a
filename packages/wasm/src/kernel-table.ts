import type { Epilogue, KernelTable } from "@gradus/compile";
import { type Convolution, convolutionSizes, type Shape, sizeOf } from "@gradus/tensor";
import { argsortKernels } from "./kernels/argsort.ts";
import type { Conv2dShape } from "./kernels/conv2d-shape.ts";
import { conv2dInputGradKernels } from "./kernels/conv2d-input-gradient.ts";
import { conv2dWeightGradKernels } from "./kernels/conv2d-weight-gradient.ts";
import type { ConvolutionSettings } from "./kernels/convolution-algorithm.ts";
import { conv2dKernels } from "./kernels/conv2d.ts";
import type { Epilogue as EpilogueCode, Kernel } from "./kernels/kernel.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { scatterAddKernels } from "./kernels/scatter-add.ts";

/** Kernels for every library op: phases run in order. */
export function kernelTable(
  code: (epilogue: Epilogue | null) => EpilogueCode | null,
  settings: ConvolutionSettings,
): KernelTable<readonly Kernel[]> {
  return {
    matmul: ({ x: { a, b }, attrs: { transposeA, transposeB }, out: { shape } }, epilogue) => {
      const [m = 1, n = 1] = shape.slice(-2);
      const k = a.shape[a.shape.length - (transposeA ? 2 : 1)] ?? 1;
      const batch = sizeOf(shape.slice(0, -2));
      const strideOf = (operand: Shape): number | null => batchStride(operand, shape);
      const [batchStrideA, batchStrideB] = [strideOf(a.shape), strideOf(b.shape)];
      if (batchStrideA === null || batchStrideB === null) throw new RangeError("a batch that repeats part of its axes was not expanded");
      return [matmulKernels({ batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB }, code(epilogue))];
    },
    conv2d: ({ x: { x, weight }, attrs }, epilogue) => [conv2dKernels(conv2dShape(x.shape, weight.shape, attrs), code(epilogue), settings)],
    conv2dInputGrad: ({ x: { weight }, attrs }, epilogue) => [
      conv2dInputGradKernels(conv2dShape(attrs.inputShape, weight.shape, attrs), code(epilogue), settings),
    ],
    conv2dWeightGrad: ({ x: { x }, attrs }) => [conv2dWeightGradKernels(conv2dShape(x.shape, attrs.weightShape, attrs), settings)],
    argsort: ({ x: { x }, attrs: { descending } }) => {
      const [rows = 0, n = 0] = x.shape;
      return [argsortKernels({ rows, n, descending, dtype: x.dtype === "float32" ? "float32" : "int32" })];
    },
    scatterAdd: ({ x: { index, updates }, attrs: { rows } }) => [
      scatterAddKernels({ count: index.shape[0] ?? 0, rows, inner: sizeOf(updates.shape.slice(1)) }),
    ],
  };
}

/** Elements from matrix to matrix of an operand: its own size, or 0 where one matrix serves all; null for a mixture. */
function batchStride(operand: Shape, out: Shape): number | null {
  const own = operand.slice(0, -2);
  const batch = out.slice(0, -2);
  if (sizeOf(own) === 1) return 0;
  return sizeOf(own) === sizeOf(batch) ? sizeOf(operand.slice(-2)) : null;
}

function conv2dShape(input: Shape, weight: Shape, attrs: Convolution): Conv2dShape {
  const { stride, padding, dilation, groups } = attrs;
  const sizes = convolutionSizes(input, weight, attrs, ({ sentence }) => {
    throw new RangeError(sentence);
  });
  const [strideH = 1, strideW = 1] = stride;
  const [dilationH = 1, dilationW = 1] = dilation;
  const [padTop = 0, padLeft = 0, padBottom = 0, padRight = 0] = padding;
  return { ...sizes, strideH, strideW, dilationH, dilationW, padTop, padLeft, padBottom, padRight, groups };
}
