import type { Spec } from "../../op/spec.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { matmulOp } from "./matmul.ts";

const plain = { transposeA: false, transposeB: false };

export const matmulSpec: Spec<typeof matmulOp> = {
  reference({ a, b }, { transposeA, transposeB }, { shape }) {
    const [m = 1, n = 1] = shape.slice(-2);
    const k = a.shape[a.shape.length - (transposeA ? 2 : 1)] ?? 1;
    const batches = sizeOf(shape.slice(0, -2));
    const y = new Float64Array(sizeOf(shape));
    for (let batch = 0; batch < batches; batch++) {
      const aAt = batchOffset(batch, shape, a.shape);
      const bAt = batchOffset(batch, shape, b.shape);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++)
          for (let p = 0; p < k; p++) {
            const left = a.data[aAt + (transposeA ? p * m + i : i * k + p)] ?? 0;
            const right = b.data[bAt + (transposeB ? j * k + p : p * n + j)] ?? 0;
            y[(batch * m + i) * n + j]! += left * right;
          }
    }
    return y;
  },
  cases: [
    { x: { a: [2, 3], b: [3, 4] }, attrs: plain },
    { x: { a: [3, 2], b: [4, 3] }, attrs: { transposeA: true, transposeB: true } },
    { x: { a: [2, 3], b: [4, 3] }, attrs: { transposeA: false, transposeB: true } },
    { x: { a: [3, 2], b: [3, 4] }, attrs: { transposeA: true, transposeB: false } },
    { x: { a: [1, 7], b: [7, 1] }, attrs: plain },
    { x: { a: [1, 19], b: [19, 33] }, attrs: plain },
    { x: { a: [13, 17], b: [17, 21] }, attrs: plain },
    { x: { a: [2, 3, 4], b: [2, 4, 5] }, attrs: plain },
    { x: { a: [3, 4], b: [2, 2, 4, 3] }, attrs: plain },
    { x: { a: [0, 3], b: [3, 2] }, attrs: plain },
    { x: { a: [2, 0], b: [0, 3] }, attrs: plain },
  ],
  rejects: [
    { x: { a: [2, 3], b: [4, 3] }, attrs: plain, code: "shape/matmul-inner" },
    { x: { a: [3], b: [3, 2] }, attrs: plain, code: "shape/matmul-rank" },
    { x: { a: [2, 2, 3], b: [3, 3, 2] }, attrs: plain, code: "shape/matmul-batch" },
    { x: { a: [2, 1, 3, 4], b: [3, 4, 2] }, attrs: plain, code: "shape/matmul-batch-mixed" },
    { x: { a: { shape: [2, 3], dtype: "int32" }, b: [3, 2] }, attrs: plain, code: "dtype/unsupported" },
  ],
};

function batchOffset(batch: number, out: Shape, shape: Shape): number {
  let offset = 0;
  let stride = sizeOf(shape.slice(-2));
  let rest = batch;
  for (let axis = 3; axis <= out.length; axis++) {
    const extent = out[out.length - axis] ?? 1;
    const own = shape[shape.length - axis] ?? 1;
    if (own !== 1) offset += (rest % extent) * stride;
    rest = Math.floor(rest / extent);
    stride *= own;
  }
  return offset;
}
