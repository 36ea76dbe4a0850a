import type { Case, Host, Spec } from "../../op/spec.ts";
import type { logicalAndOp, logicalNotOp, logicalOrOp, logicalXorOp } from "./logic.ts";

const coin = { dtype: "bool", range: [0, 1] } as const;
const few = { dtype: "int32", range: [-1, 1] } as const;
const cases: readonly Case<typeof logicalAndOp>[] = [
  { x: { a: { shape: [4, 5], ...coin }, b: { shape: [4, 5], ...coin } }, attrs: {} },
  { x: { a: { shape: [19], ...few }, b: { shape: [19], ...few } }, attrs: {} },
  { x: { a: { shape: [4], values: [0, 0, 2, -0.5] }, b: { shape: [4], values: [0, 3, 0, 4] } }, attrs: {} },
  { x: { a: { shape: [0], ...coin }, b: { shape: [0], ...coin } }, attrs: {} },
];
const rejects = [
  { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
  { x: { a: [2], b: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/differ" },
] as const;
const noGradient = "logic is a step";

export const logicalAndSpec: Spec<typeof logicalAndOp> = logical((a, b) => a && b);
export const logicalOrSpec: Spec<typeof logicalOrOp> = logical((a, b) => a || b);
export const logicalXorSpec: Spec<typeof logicalXorOp> = logical((a, b) => a !== b);

export const logicalNotSpec: Spec<typeof logicalNotOp> = {
  reference: ({ x }) => x.data.map((v) => Number(v === 0)),
  cases: [
    { x: { x: { shape: [4, 5], ...coin } }, attrs: {} },
    { x: { x: { shape: [9], ...few } }, attrs: {} },
    { x: { x: { shape: [3], values: [0, 0.5, -2] } }, attrs: {} },
    { x: { x: { shape: [0, 2], ...coin } }, attrs: {} },
  ],
  rejects: [],
  noGradient,
};

function logical(holds: (a: boolean, b: boolean) => boolean) {
  return {
    reference: ({ a, b }: { readonly a: Host; readonly b: Host }) => a.data.map((v, i) => Number(holds(v !== 0, b.data[i] !== 0))),
    cases,
    rejects,
    noGradient,
  };
}
