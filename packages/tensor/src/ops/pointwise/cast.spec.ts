import { roundToFloat16 } from "../../float16.ts";
import type { Spec } from "../../op/spec.ts";
import { wrapTo } from "../../scalar/expression.ts";
import type { castOp } from "./cast.ts";

const extreme = { shape: [9], values: [-1e10, -300.7, -1.5, -0.5, 0, 0.5, 255.9, 300, 1e10] } as const;

const halves = [2049, 2051, 65504, 65519.99, 65520, -7e4, 2 ** -25, 3 * 2 ** -25, -1.5 * 2 ** -24] as const;

export const castSpec: Spec<typeof castOp> = {
  reference: ({ x }, { dtype }) =>
    x.data.map((v) => {
      if (dtype === "float32") return v;
      if (dtype === "float16") return roundToFloat16(v);
      if (dtype === "bool") return Number(v !== 0);
      const whole = Number.isNaN(v) ? 0 : Math.min(Math.max(Math.trunc(v), -(2 ** 31)), 2 ** 31 - 1);
      return wrapTo(dtype, whole);
    }),
  cases: [
    ...(["float32", "float16", "int32", "uint8", "int8", "bool"] as const).flatMap((dtype) => [
      { x: { x: [4, 9] }, attrs: { dtype } },
      { x: { x: { shape: [9], dtype: "int32", range: [-1000, 1000] } }, attrs: { dtype } } as const,
      { x: { x: { shape: [9], dtype: "uint8", range: [0, 255] } }, attrs: { dtype } } as const,
      { x: { x: { shape: [37], dtype: "int8", range: [-128, 127] } }, attrs: { dtype } } as const,
      { x: { x: { shape: [9], dtype: "bool", range: [0, 1] } }, attrs: { dtype } } as const,
    ]),
    { x: { x: { shape: [2], values: [Number.NaN, -0] } }, attrs: { dtype: "int32" } },
    ...(["int32", "uint8", "int8", "bool"] as const).map((dtype) => ({ x: { x: extreme }, attrs: { dtype } })),
    // Ties, the largest half, what is beyond it, and subnormals.
    { x: { x: { shape: [9], values: halves } }, attrs: { dtype: "float16" } },
    { x: { x: [0] }, attrs: { dtype: "int32" } },
  ],
  rejects: [],
};
