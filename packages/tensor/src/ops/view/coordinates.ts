import type { Aval } from "../../op/define.ts";
import type { Host } from "../../op/spec.ts";
import { type Shape, sizeOf, stridesOf } from "../../shape.ts";

/**
 * The index along each axis of the row-major `position`-th element: what references of views are written with.
 *
 * @internal
 */
export function coordinates(position: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(position / stride) % (shape[axis] ?? 1));
}

/**
 * The row-major position of the element at `index`; null outside the shape.
 *
 * @internal
 */
export function positionOf(index: readonly number[], shape: Shape): number | null {
  let position = 0;
  for (const [axis, extent] of shape.entries()) {
    const at = index[axis] ?? 0;
    if (at < 0 || at >= extent) return null;
    position = position * extent + at;
  }
  return position;
}

/**
 * The reference of a view: each element of `out` is the element of `x` at the mapped index, or `outside` where there is none.
 *
 * @internal
 */
export function viewed(x: Host, out: Aval, map: (at: readonly number[]) => readonly number[] | null, outside = 0): Float64Array {
  return Float64Array.from({ length: sizeOf(out.shape) }, (_, i) => {
    const source = map(coordinates(i, out.shape));
    const position = source === null ? null : positionOf(source, x.shape);
    return position === null ? outside : (x.data[position] ?? 0);
  });
}
