import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import type { fullOp } from "./full.ts";

export const fullSpec: Spec<typeof fullOp> = {
  reference: (_, { shape, value }) => new Float64Array(sizeOf(shape)).fill(value),
  cases: [
    { x: {}, attrs: { shape: [4, 33], value: 1.5, dtype: "float32" } },
    { x: {}, attrs: { shape: [7], value: -3, dtype: "int32" } },
    { x: {}, attrs: { shape: [7], value: 200, dtype: "uint8" } },
    { x: {}, attrs: { shape: [7], value: -128, dtype: "int8" } },
    { x: {}, attrs: { shape: [7], value: 1, dtype: "bool" } },
    { x: {}, attrs: { shape: [], value: 2, dtype: "float32" } },
    { x: {}, attrs: { shape: [0, 2], value: 2, dtype: "float32" } },
  ],
  rejects: [{ x: {}, attrs: { shape: [2, -1], value: 0, dtype: "float32" }, code: "shape/negative" }],
};
