import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import { coordinates } from "../view/coordinates.ts";
import type { iotaOp } from "./iota.ts";

export const iotaSpec: Spec<typeof iotaOp> = {
  reference: (_, { shape, axis }) => Array.from({ length: sizeOf(shape) }, (_unused, i) => coordinates(i, shape)[axis] ?? 0),
  cases: [
    { x: {}, attrs: { shape: [33], axis: 0 } },
    { x: {}, attrs: { shape: [3, 5], axis: 0 } },
    { x: {}, attrs: { shape: [3, 5], axis: 1 } },
    { x: {}, attrs: { shape: [2, 1, 4], axis: 1 } },
    { x: {}, attrs: { shape: [0], axis: 0 } },
  ],
  rejects: [
    { x: {}, attrs: { shape: [3], axis: 1 }, code: "shape/iota" },
    { x: {}, attrs: { shape: [-3], axis: 0 }, code: "shape/negative" },
  ],
};
