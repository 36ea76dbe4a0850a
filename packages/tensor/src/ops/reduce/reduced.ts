import type { Case, Host } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import { coordinates, positionOf } from "../view/coordinates.ts";
import type { ReduceOp } from "./axes.ts";

/**
 * The reference of a reduction: `join` on the values of each group, in row-major order.
 *
 * @internal
 */
export function reduced({ shape, data }: Host, axes: readonly number[], join: (values: readonly number[]) => number): number[] {
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  data.forEach((v, i) => {
    const at = coordinates(i, shape).filter((_, axis) => !axes.includes(axis));
    groups[positionOf(at, kept) ?? 0]?.push(v);
  });
  return groups.map((values) => join(values));
}

/**
 * Shapes and axes every reduction is tried on.
 *
 * @internal
 */
export const reduceShapes: readonly Case<ReduceOp<string>>[] = [
  { x: { x: [7] }, attrs: { axes: [0] } },
  { x: { x: [4, 33] }, attrs: { axes: [1] } },
  { x: { x: [5, 9] }, attrs: { axes: [0] } },
  { x: { x: [2, 3, 4] }, attrs: { axes: [0, 2] } },
  { x: { x: [2, 3, 4] }, attrs: { axes: [0, 1, 2] } },
  { x: { x: [2, 3, 4, 2] }, attrs: { axes: [1, 2] } },
];
