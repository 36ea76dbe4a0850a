import type { Shape } from "../../shape.ts";

/**
 * The index along each axis of the row-major `position`-th element: what references of views are written with.
 *
 * @internal
 */
export function coordinates(position: number, shape: Shape): number[] {
  let rest = position;
  return shape
    .toReversed()
    .map((extent) => {
      const at = rest % extent;
      rest = Math.floor(rest / extent);
      return at;
    })
    .reverse();
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
