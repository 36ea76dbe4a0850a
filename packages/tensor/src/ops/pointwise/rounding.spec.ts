import type { Case, Host, Spec } from "../../op/spec.ts";
import { wrapTo } from "../../scalar/expression.ts";
import type { UnaryOp } from "./define-pointwise.ts";
import type { absOp, ceilOp, floorOp, roundOp, signOp, truncOp } from "./rounding.ts";

const special = { shape: [9], values: [-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 1e9, -3] } as const;
const shapes: readonly Case<UnaryOp<string>>[] = [[4, 33], [], [0, 2]].map((shape) => ({ x: { x: { shape, range: [-4, 4] } }, attrs: {} }));
const noGradient = "a step is flat almost everywhere";

export const absSpec: Spec<typeof absOp> = {
  reference: ({ x }) => x.data.map((v) => wrapTo(x.dtype, Math.abs(v))),
  cases: [
    ...shapes,
    { x: { x: { shape: [7], dtype: "int32", range: [-9, 9] } }, attrs: {} },
    { x: { x: { shape: [5], dtype: "int8", values: [-128, -127, -1, 0, 127] } }, attrs: {} },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};

export const signSpec: Spec<typeof signOp> = {
  ...stepped(Math.sign),
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};
export const floorSpec: Spec<typeof floorOp> = stepped(Math.floor);
export const ceilSpec: Spec<typeof ceilOp> = stepped(Math.ceil);
export const truncSpec: Spec<typeof truncOp> = stepped(Math.trunc);
export const roundSpec: Spec<typeof roundOp> = stepped(halfToEven);

function stepped(of: (v: number) => number) {
  const cases: readonly Case<UnaryOp<string>>[] = [...shapes, { x: { x: special }, attrs: {} }];
  return {
    reference: ({ x }: { readonly x: Host }) => x.data.map(of),
    cases,
    rejects: [{ x: { x: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" }] as const,
    noGradient,
  };
}

function halfToEven(v: number): number {
  return v % 1 === 0.5 || v % 1 === -0.5 ? 2 * Math.round(v / 2) : Math.round(v);
}
