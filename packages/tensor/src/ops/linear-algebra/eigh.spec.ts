import type { Spec } from "../../op/spec.ts";
import type { eighOp } from "./eigh.ts";
import { apart, eigenOf, largestSign, matricesIn, shuffled, symmetricPart, transposeOf } from "./matrix-cases.ts";

export const eighSpec: Spec<typeof eighOp> = {
  reference: ({ a }) =>
    matricesIn(a).flatMap((m) => {
      const { values, vectors } = eigenOf(symmetricPart(m));
      const signed = transposeOf(vectors).map((vector) => vector.map((value) => value * largestSign(vector)));
      return [...values, ...transposeOf(signed).flat()];
    }),
  cases: [
    { x: { a: apart(3, 3) }, attrs: {} },
    { x: { a: shuffled(4, 4) }, attrs: {} },
    { x: { a: apart(2, 2, 5, 5) }, attrs: {} },
    { x: { a: apart(8, 8) }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [-3, 0, 0, 2] } }, attrs: {} },
    { x: { a: apart(1, 1) }, attrs: {} },
    { x: { a: [0, 0] }, attrs: {} },
    { x: { a: [0, 2, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3] }, attrs: {}, code: "shape/matrix" },
    { x: { a: [2, 3] }, attrs: {}, code: "shape/square" },
    { x: { a: { shape: [2, 2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
