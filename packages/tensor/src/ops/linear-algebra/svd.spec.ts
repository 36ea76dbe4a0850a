import type { Spec } from "../../op/spec.ts";
import { apart, eigenOf, largestSign, matricesIn, orthonormal, shuffled, timesOf, transposeOf } from "./matrix-cases.ts";
import type { svdOp } from "./svd.ts";

export const svdSpec: Spec<typeof svdOp> = {
  // The eigenvectors of the smaller of aᵀ a and a aᵀ, and what the matrix makes of them.
  reference: ({ a }) =>
    matricesIn(a).flatMap((m) => {
      const [rows = 0, columns = 0] = a.shape.slice(-2);
      const tall = rows >= columns;
      const t = tall ? m : transposeOf(m);
      const directions = transposeOf(eigenOf(timesOf(transposeOf(t), t)).vectors).toReversed();
      const short = directions.map((direction) => direction.map((value) => value * largestSign(direction)));
      const images = timesOf(short, transposeOf(t));
      const lengths = images.map((image) => Math.hypot(...image));
      const long = orthonormal(images);
      return [...transposeOf(tall ? long : short).flat(), ...lengths, ...(tall ? short : long).flat()];
    }),
  cases: [
    { x: { a: apart(3, 3) }, attrs: {} },
    { x: { a: shuffled(5, 3) }, attrs: {} },
    { x: { a: shuffled(2, 2, 3, 4) }, attrs: {} },
    { x: { a: apart(2, 7, 7) }, attrs: {} },
    { x: { a: { shape: [3, 1], values: [-3, 0, 4] } }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [0, -2, 5, 0] } }, attrs: {} },
    { x: { a: apart(1, 1) }, attrs: {} },
    { x: { a: [0, 3] }, attrs: {} },
    { x: { a: [3, 0] }, attrs: {} },
    { x: { a: [0, 2, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3] }, attrs: {}, code: "shape/matrix" },
    { x: { a: { shape: [2, 2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
