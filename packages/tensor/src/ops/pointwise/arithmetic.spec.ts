import { isFloat } from "../../dtype.ts";
import type { Spec } from "../../op/spec.ts";
import { wrapTo } from "../../scalar/expression.ts";
import type { addOp, divOp, mulOp, negOp, subOp } from "./arithmetic.ts";

const shapes = [[5], [2, 3], [2, 1, 3], [], [0, 3], [4, 33]] as const;
const pairs = shapes.map((shape) => ({ x: { a: shape, b: shape }, attrs: {} }));
const integers = { shape: [7], dtype: "int32", range: [-2000000000, 2000000000] } as const;
const bytes = { shape: [37], dtype: "int8", range: [-128, 127] } as const;
const rejects = [
  { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
  { x: { a: [2], b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/differ" },
  { x: { a: { shape: [2], dtype: "bool" }, b: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" },
] as const;

export const addSpec: Spec<typeof addOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => wrapTo(a.dtype, v + (b.data[i] ?? 0))),
  cases: [...pairs, { x: { a: integers, b: integers }, attrs: {} }, { x: { a: bytes, b: bytes }, attrs: {} }],
  rejects,
};

export const subSpec: Spec<typeof subOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => wrapTo(a.dtype, v - (b.data[i] ?? 0))),
  cases: [...pairs, { x: { a: integers, b: integers }, attrs: {} }, { x: { a: bytes, b: bytes }, attrs: {} }],
  rejects,
};

export const mulSpec: Spec<typeof mulOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => (isFloat(a.dtype) ? v * (b.data[i] ?? 0) : wrapTo(a.dtype, Math.imul(v, b.data[i] ?? 0)))),
  cases: [...pairs, { x: { a: integers, b: integers }, attrs: {} }, { x: { a: bytes, b: bytes }, attrs: {} }],
  rejects,
};

export const divSpec: Spec<typeof divOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => v / (b.data[i] ?? 0)),
  cases: shapes.map((shape) => ({ x: { a: shape, b: { shape, range: [0.5, 2] } }, attrs: {} })),
  rejects,
};

export const negSpec: Spec<typeof negOp> = {
  reference: ({ x }) => x.data.map((v) => wrapTo(x.dtype, -v)),
  cases: [...shapes.map((x) => ({ x: { x }, attrs: {} })), { x: { x: integers }, attrs: {} }, { x: { x: bytes }, attrs: {} }],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};
