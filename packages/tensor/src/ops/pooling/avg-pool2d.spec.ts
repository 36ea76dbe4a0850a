import type { Case, Spec } from "../../op/spec.ts";
import type { ValuesOf } from "../../op/define.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { avgPool2dGradOp, avgPool2dOp } from "./avg-pool2d.ts";
import { poolCases, poolRejects, type Tap, taps } from "./pool-cases.ts";

type Average = ValuesOf<typeof avgPool2dOp>;

const averages = poolCases.flatMap((geometry) =>
  [
    { countIncludePad: true, divisor: 0 },
    { countIncludePad: false, divisor: 0 },
    { countIncludePad: true, divisor: 3 },
  ].map((extra) => ({ ...geometry, attrs: { ...geometry.attrs, ...extra } })),
);

export const avgPool2dSpec: Spec<typeof avgPool2dOp> = {
  reference({ x }, attrs, { shape }) {
    const y = new Float64Array(sizeOf(shape));
    const all = taps(x.shape, shape, attrs);
    const counts = countsOf(all, x.shape, shape, attrs);
    for (const { window, pixel } of all) if (pixel !== null) y[window]! += (x.data[pixel] ?? 0) / (counts[window] ?? 1);
    return y;
  },
  cases: averages.map(({ x, attrs }): Case<typeof avgPool2dOp> => ({ x: { x }, attrs })),
  rejects: poolRejects.map((call) => ({ ...call, attrs: { ...call.attrs, countIncludePad: true, divisor: 0 } })),
};

export const avgPool2dGradSpec: Spec<typeof avgPool2dGradOp> = {
  reference({ ct }, { inputShape, ...attrs }) {
    const x = new Float64Array(sizeOf(inputShape));
    const all = taps(inputShape, ct.shape, attrs);
    const counts = countsOf(all, inputShape, ct.shape, attrs);
    for (const { window, pixel } of all) if (pixel !== null) x[pixel]! += (ct.data[window] ?? 0) / (counts[window] ?? 1);
    return x;
  },
  cases: averages.map(({ x, y, attrs }): Case<typeof avgPool2dGradOp> => ({ x: { ct: y }, attrs: { ...attrs, inputShape: x } })),
  rejects: averages
    .slice(0, 1)
    .map(({ x, attrs }) => ({ x: { ct: [1, 1, 1, 1] }, attrs: { ...attrs, inputShape: x }, code: "shape/pool-output" })),
};

/** What each window's sum is divided by. */
function countsOf(all: readonly Tap[], x: Shape, y: Shape, { padding, countIncludePad, divisor }: Average): Float64Array {
  const counts = new Float64Array(sizeOf(y)).fill(divisor);
  if (divisor !== 0) return counts;
  const [h = 1, w = 1] = x.slice(2);
  const [top = 0, left = 0] = padding;
  for (const { window, pixel, at } of all) {
    const padded = at[0] < h + top && at[1] < w + left;
    if (countIncludePad ? padded : pixel !== null) counts[window]! += 1;
  }
  return counts;
}
