import type { Case, Spec } from "../../op/spec.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { conv2dInputGradOp, conv2dOp, conv2dWeightGradOp } from "./conv2d.ts";
import type { Convolution } from "./convolution.ts";

const plain: Convolution = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };

interface Geometry {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
  readonly attrs: Convolution;
}

const geometries: readonly Geometry[] = [
  { x: [1, 1, 5, 6], weight: [1, 1, 3, 3], y: [1, 1, 3, 4], attrs: plain },
  { x: [2, 3, 6, 7], weight: [4, 3, 3, 2], y: [2, 4, 6, 6], attrs: { ...plain, padding: [1, 0, 1, 0] } },
  { x: [2, 3, 7, 9], weight: [5, 3, 3, 3], y: [2, 5, 4, 5], attrs: { ...plain, stride: [2, 2], padding: [1, 1, 1, 1] } },
  { x: [1, 2, 8, 8], weight: [3, 2, 3, 3], y: [1, 3, 3, 5], attrs: { ...plain, stride: [2, 1], padding: [0, 1, 1, 0], dilation: [2, 2] } },
  { x: [2, 4, 5, 5], weight: [6, 2, 3, 3], y: [2, 6, 3, 3], attrs: { ...plain, groups: 2 } },
  { x: [1, 4, 6, 6], weight: [4, 1, 3, 3], y: [1, 4, 6, 6], attrs: { ...plain, padding: [1, 1, 1, 1], groups: 4 } },
  { x: [2, 5, 4, 4], weight: [7, 5, 1, 1], y: [2, 7, 4, 4], attrs: plain },
  { x: [1, 2, 7, 7], weight: [3, 2, 1, 1], y: [1, 3, 4, 4], attrs: { ...plain, stride: [2, 2] } },
  { x: [0, 2, 5, 5], weight: [3, 2, 3, 3], y: [0, 3, 3, 3], attrs: plain },
];

export const conv2dSpec: Spec<typeof conv2dOp> = {
  reference({ x, weight }, attrs, { shape }) {
    const y = new Float64Array(sizeOf(shape));
    visit(x.shape, weight.shape, shape, attrs, (xi, wi, yi) => {
      y[yi]! += (x.data[xi] ?? 0) * (weight.data[wi] ?? 0);
    });
    return y;
  },
  cases: geometries.map(({ x, weight, attrs }): Case<typeof conv2dOp> => ({ x: { x, weight }, attrs })),
  rejects: [
    { x: { x: [2, 3, 5, 5], weight: [4, 2, 3, 3] }, attrs: plain, code: "shape/conv-channels" },
    { x: { x: [2, 3, 5, 5], weight: [4, 3, 3, 3] }, attrs: { ...plain, groups: 2 }, code: "shape/conv-groups" },
    { x: { x: [2, 3, 2, 5], weight: [4, 3, 3, 3] }, attrs: plain, code: "shape/conv-too-small" },
    { x: { x: [3, 5, 5], weight: [4, 3, 3, 3] }, attrs: plain, code: "shape/conv-rank" },
    { x: { x: [2, 3, 5, 5], weight: [4, 3, 3, 3] }, attrs: { ...plain, stride: [0, 1] }, code: "shape/conv-attributes" },
    { x: { x: { shape: [2, 3, 5, 5], dtype: "int32" }, weight: [4, 3, 3, 3] }, attrs: plain, code: "dtype/unsupported" },
    { x: { x: { shape: [2, 3, 5, 5], dtype: "float16" }, weight: [4, 3, 3, 3] }, attrs: plain, code: "dtype/differ" },
  ],
};

export const conv2dInputGradSpec: Spec<typeof conv2dInputGradOp> = {
  reference({ ct, weight }, { inputShape, ...attrs }) {
    const x = new Float64Array(sizeOf(inputShape));
    visit(inputShape, weight.shape, ct.shape, attrs, (xi, wi, yi) => {
      x[xi]! += (ct.data[yi] ?? 0) * (weight.data[wi] ?? 0);
    });
    return x;
  },
  cases: geometries.map(({ x, weight, y, attrs }): Case<typeof conv2dInputGradOp> => ({
    x: { ct: y, weight },
    attrs: { ...attrs, inputShape: x },
  })),
  rejects: [{ x: { ct: [1, 1, 3, 3], weight: [1, 1, 3, 3] }, attrs: { ...plain, inputShape: [1, 1, 6, 6] }, code: "shape/conv-cotangent" }],
};

export const conv2dWeightGradSpec: Spec<typeof conv2dWeightGradOp> = {
  reference({ x, ct }, { weightShape, ...attrs }) {
    const weight = new Float64Array(sizeOf(weightShape));
    visit(x.shape, weightShape, ct.shape, attrs, (xi, wi, yi) => {
      weight[wi]! += (ct.data[yi] ?? 0) * (x.data[xi] ?? 0);
    });
    return weight;
  },
  cases: geometries.map(({ x, weight, y, attrs }): Case<typeof conv2dWeightGradOp> => ({
    x: { x, ct: y },
    attrs: { ...attrs, weightShape: weight },
  })),
  rejects: [{ x: { x: [1, 1, 6, 6], ct: [1, 1, 3, 3] }, attrs: { ...plain, weightShape: [1, 1, 3, 3] }, code: "shape/conv-cotangent" }],
};

/** Calls `meet` with the row-major positions of every input, weight and output element that belong together. */
function visit(
  x: Shape,
  weight: Shape,
  y: Shape,
  { stride, padding, dilation, groups }: Convolution,
  meet: (xi: number, wi: number, yi: number) => void,
): void {
  const [n = 0, c = 0, h = 0, w = 0] = x;
  const [o = 0, depth = 0, kh = 0, kw = 0] = weight;
  const [, , oh = 0, ow = 0] = y;
  for (let batch = 0; batch < n; batch++)
    for (let out = 0; out < o; out++)
      for (let i = 0; i < oh; i++)
        for (let j = 0; j < ow; j++)
          for (let d = 0; d < depth; d++)
            for (let p = 0; p < kh; p++)
              for (let q = 0; q < kw; q++) {
                const row = i * (stride[0] ?? 1) + p * (dilation[0] ?? 1) - (padding[0] ?? 0);
                const column = j * (stride[1] ?? 1) + q * (dilation[1] ?? 1) - (padding[1] ?? 0);
                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                const channel = Math.floor(out / (o / groups)) * depth + d;
                meet(
                  ((batch * c + channel) * h + row) * w + column,
                  ((out * depth + d) * kh + p) * kw + q,
                  ((batch * o + out) * oh + i) * ow + j,
                );
              }
}
