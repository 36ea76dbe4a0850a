import type { Host, Spec } from "../../op/spec.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Pooling } from "./geometry.ts";
import type { maxPool2dGatherOp, maxPool2dIndexOp, maxPool2dOp, maxUnpool2dOp } from "./max-pool2d.ts";
import { dilatedCases, poolRejects, taps } from "./pool-cases.ts";

const indexOf = (shape: Shape, { kernel }: Pooling) => ({ shape, dtype: "int32", range: [0, sizeOf(kernel) - 1] }) as const;

export const maxPool2dSpec: Spec<typeof maxPool2dOp> = {
  reference: ({ x }, attrs, { shape }) => winners(x, shape, attrs).values,
  cases: dilatedCases.map(({ x, attrs }) => ({ x: { x }, attrs })),
  rejects: poolRejects,
};

export const maxPool2dIndexSpec: Spec<typeof maxPool2dIndexOp> = {
  reference: ({ x }, attrs, { shape }) => winners(x, shape, attrs).positions,
  cases: dilatedCases.map(({ x, attrs }) => ({ x: { x }, attrs })),
  rejects: poolRejects,
  noGradient: "a position is an integer",
};

export const maxUnpool2dSpec: Spec<typeof maxUnpool2dOp> = {
  reference({ ct, index }, { inputShape, ...attrs }) {
    const x = new Float64Array(sizeOf(inputShape));
    for (const { window, tap, pixel } of taps(inputShape, ct.shape, attrs)) {
      if (pixel !== null && index.data[window] === tap) x[pixel]! += ct.data[window] ?? 0;
    }
    return x;
  },
  cases: dilatedCases.map(({ x, y, attrs }) => ({ x: { ct: y, index: indexOf(y, attrs) }, attrs: { ...attrs, inputShape: x } })),
  rejects: dilatedCases.slice(0, 1).flatMap(({ x, y, attrs }) => [
    { x: { ct: [1, 1, 1, 1], index: indexOf(y, attrs) }, attrs: { ...attrs, inputShape: x }, code: "shape/pool-output" },
    { x: { ct: y, index: y }, attrs: { ...attrs, inputShape: x }, code: "dtype/index" },
  ]),
};

export const maxPool2dGatherSpec: Spec<typeof maxPool2dGatherOp> = {
  reference({ x, index }, attrs, { shape }) {
    const y = new Float64Array(sizeOf(shape));
    for (const { window, tap, pixel } of taps(x.shape, shape, attrs)) {
      if (pixel !== null && index.data[window] === tap) y[window] = x.data[pixel] ?? 0;
    }
    return y;
  },
  cases: dilatedCases.map(({ x, y, attrs }) => ({ x: { x, index: indexOf(y, attrs) }, attrs })),
  rejects: dilatedCases
    .slice(0, 1)
    .map(({ x, attrs }) => ({ x: { x, index: indexOf([1, 1, 1, 1], attrs) }, attrs, code: "shape/pool-output" })),
};

function winners(x: Host, shape: Shape, attrs: Pooling): { readonly values: Float64Array; readonly positions: Float64Array } {
  const values = new Float64Array(sizeOf(shape)).fill(-Infinity);
  const positions = new Float64Array(sizeOf(shape));
  for (const { window, tap, pixel } of taps(x.shape, shape, attrs)) {
    const value = pixel === null ? -Infinity : (x.data[pixel] ?? 0);
    if (value > (values[window] ?? 0)) {
      values[window] = value;
      positions[window] = tap;
    }
  }
  return { values, positions };
}
