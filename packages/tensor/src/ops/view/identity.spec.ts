import type { Case, Spec } from "../../op/spec.ts";
import type { identityOp, stopGradientOp } from "./identity.ts";

const cases: readonly Case<typeof identityOp>[] = [
  { x: { x: [4, 33] }, attrs: {} },
  { x: { x: { shape: [3], dtype: "bool", range: [0, 1] } }, attrs: {} },
  { x: { x: [0, 2] }, attrs: {} },
];

export const identitySpec: Spec<typeof identityOp> = { reference: ({ x }) => x.data, cases, rejects: [] };
export const stopGradientSpec: Spec<typeof stopGradientOp> = {
  reference: ({ x }) => x.data,
  cases,
  rejects: [],
  noGradient: "stopping the gradient is what it is for",
};
