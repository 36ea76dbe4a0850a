import type { Case, Host, Spec } from "../../op/spec.ts";
import { leaves } from "../../scalar/leaves.ts";
import type { ValuesOf } from "../../op/define.ts";
import type { bitsToIntegerOp, bitsToNormalOp, bitsToUniformOp } from "./distributions.ts";

const words = { dtype: "int32", range: [-2147483648, 2147483647] } as const;
const extremes = { shape: [6], dtype: "int32", values: [0, 1, 255, -1, 2147483647, -2147483648] } as const;
const rejects = [{ x: { x: [3] }, code: "dtype/unsupported" }] as const;
const noGradient = "random bits are not differentiable";

export const bitsToUniformSpec: Spec<typeof bitsToUniformOp> = {
  reference: ({ x }, { low, high }) => fractions(x).map((u) => low + u * (high - low)),
  cases: spread({ low: 0, high: 1 }, { low: -0.3, high: 0.7 }),
  rejects: rejects.map((call) => ({ ...call, attrs: { low: 0, high: 1 } })),
  noGradient,
};

export const bitsToNormalSpec: Spec<typeof bitsToNormalOp> = {
  reference: ({ x }, shape) => x.data.map((bits) => quantile((2 * (bits >>> 9) + 1) / 2 ** 24, shape)),
  cases: spread(
    { mean: 0, std: 1, low: -Infinity, high: Infinity },
    { mean: 0.5, std: 0.1, low: 0.3, high: 0.75 },
    { mean: 0, std: 1, low: -2, high: 2 },
  ),
  rejects: rejects.map((call) => ({ ...call, attrs: { mean: 0, std: 1, low: -2, high: 2 } })),
  noGradient,
};

export const bitsToIntegerSpec: Spec<typeof bitsToIntegerOp> = {
  reference: ({ x }, { low, count }) => fractions(x).map((u) => low + Math.floor(Math.fround(u * count))),
  cases: spread({ low: 0, count: 10 }, { low: -5, count: 1 }, { low: 3, count: 2 ** 24 }),
  rejects: rejects.map((call) => ({ ...call, attrs: { low: 0, count: 10 } })),
  noGradient,
};

function spread<A>(...attrs: readonly A[]): { readonly x: Case<typeof bitsToUniformOp>["x"]; readonly attrs: A }[] {
  return attrs.flatMap((one) => [extremes, { shape: [4, 33], ...words }, { shape: [0], ...words }].map((x) => ({ x: { x }, attrs: one })));
}

function fractions({ data }: Host): Float64Array {
  return data.map((bits) => (bits >>> 8) / 2 ** 24);
}

/** Where the share `u` of the truncated bell lies below: bisection on its distribution function. */
function quantile(u: number, { mean, std, low, high }: ValuesOf<typeof bitsToNormalOp>): number {
  const share = (v: number): number => leaves.erf.js((v - mean) / (std * Math.SQRT2));
  const target = share(low) + u * (share(high) - share(low));
  let below = Math.max(low, mean - 9 * std);
  let above = Math.min(high, mean + 9 * std);
  for (let i = 0; i < 80; i++) {
    const middle = (below + above) / 2;
    if (share(middle) < target) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}
