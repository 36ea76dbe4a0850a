import { Deferred, type DeferredKernels, type Epilogue, type KernelTable, type RoutineStep } from "@gradus/compile";
import { type Shape, sizeOf } from "@gradus/tensor";
import type { ConvolutionSettings } from "./kernels/convolution-algorithm.ts";
import { FunctionBuilder } from "./asm/index.ts";
import { type Epilogue as EpilogueCode, kernel, type Kernel } from "./kernels/kernel.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { scatterAddKernels } from "./kernels/scatter-add.ts";

const convolutions = new Deferred(() => import("./kernels/convolutions.ts"));
const sorting = new Deferred(() => import("./kernels/argsort.ts"));
/** What tells routines, for the first plan that has one. */
const routines = new Deferred(() => import("./routine.ts"));

/** What has to be loaded before the table answers a call of these ops. */
export const deferredKernels: DeferredKernels = {
  conv2d: convolutions,
  conv2dInputGrad: convolutions,
  conv2dWeightGrad: convolutions,
  argsort: sorting,
  routine: routines,
};

/** The kernel of a routine step. */
export function routineKernel(step: RoutineStep): Kernel {
  return kernel(routines.module.routineBody(step, new FunctionBuilder(step.label, { parameters: [], result: null })));
}

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
    conv2d: (call, epilogue) => [convolutions.module.forward(call, code(epilogue), settings)],
    conv2dInputGrad: (call, epilogue) => [convolutions.module.inputGradient(call, code(epilogue), settings)],
    conv2dWeightGrad: (call) => [convolutions.module.weightGradient(call, settings)],
    argsort: ({ x: { x }, attrs: { descending } }) => {
      const [rows = 0, n = 0] = x.shape;
      return [sorting.module.argsortKernels({ rows, n, descending, dtype: x.dtype === "float32" ? "float32" : "int32" })];
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
