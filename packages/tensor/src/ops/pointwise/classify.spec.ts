import type { Case, Host, Spec } from "../../op/spec.ts";
import type { isFiniteOp, isInfOp, isNaNOp } from "./classify.ts";
import type { UnaryOp } from "./define-pointwise.ts";

const cases: readonly Case<UnaryOp<string>>[] = [
  { x: { x: { shape: [6], values: [0, -0, Number.NaN, Infinity, -Infinity, 3e38] } }, attrs: {} },
  { x: { x: [3, 5] }, attrs: {} },
  { x: { x: [0] }, attrs: {} },
];
const rejects = [{ x: { x: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" }] as const;

export const isFiniteSpec: Spec<typeof isFiniteOp> = asked(Number.isFinite);
export const isNaNSpec: Spec<typeof isNaNOp> = asked(Number.isNaN);
export const isInfSpec: Spec<typeof isInfOp> = asked((v) => Math.abs(v) === Infinity);

function asked(holds: (v: number) => boolean) {
  return {
    reference: ({ x }: { readonly x: Host }) => x.data.map((v) => Number(holds(v))),
    cases,
    rejects,
    noGradient: "a classification is a step",
  };
}
