import type { Case, Host, Spec } from "../../op/spec.ts";
import type { equalOp, greaterEqualOp, greaterOp, lessEqualOp, lessOp, notEqualOp } from "./comparison.ts";

const few = { dtype: "int32", range: [-2, 2] } as const;
const cases: readonly Case<typeof equalOp>[] = [
  { x: { a: [5], b: [5] }, attrs: {} },
  { x: { a: { shape: [4, 9], ...few }, b: { shape: [4, 9], ...few } }, attrs: {} },
  {
    x: { a: { shape: [6], dtype: "float32", values: [1, 2, -0, 0, -3, 0.5] }, b: { shape: [6], values: [1, 3, 0, 0, -4, 0.5] } },
    attrs: {},
  },
  { x: { a: { shape: [7], dtype: "bool", range: [0, 1] }, b: { shape: [7], dtype: "bool", range: [0, 1] } }, attrs: {} },
  { x: { a: { shape: [7], dtype: "uint8", range: [126, 130] }, b: { shape: [7], dtype: "uint8", range: [126, 130] } }, attrs: {} },
  { x: { a: { shape: [17], dtype: "int8", range: [-2, 2] }, b: { shape: [17], dtype: "int8", range: [-2, 2] } }, attrs: {} },
  { x: { a: [], b: [] }, attrs: {} },
  { x: { a: [0, 3], b: [0, 3] }, attrs: {} },
];
const rejects = [
  { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
  { x: { a: [2], b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/differ" },
] as const;

export const equalSpec: Spec<typeof equalOp> = compared((a, b) => a === b);
export const notEqualSpec: Spec<typeof notEqualOp> = compared((a, b) => a !== b);
export const lessSpec: Spec<typeof lessOp> = compared((a, b) => a < b);
export const lessEqualSpec: Spec<typeof lessEqualOp> = compared((a, b) => a <= b);
export const greaterSpec: Spec<typeof greaterOp> = compared((a, b) => a > b);
export const greaterEqualSpec: Spec<typeof greaterEqualOp> = compared((a, b) => a >= b);

function compared(holds: (a: number, b: number) => boolean) {
  return {
    reference: ({ a, b }: { readonly a: Host; readonly b: Host }) => a.data.map((v, i) => Number(holds(v, b.data[i] ?? 0))),
    cases,
    rejects,
    noGradient: "a comparison is a step",
  };
}
