import { hostLike, numbersOf, type Tensor } from "@gradus/tensor";
import type { ExactFunction } from "./exact-function.ts";
import { uniform } from "./random.ts";

/** One entry's derivative, estimated; `smooth` is false where the slopes on the two sides differ, as at a kink. */
export interface Slope {
  readonly entry: number;
  readonly slope: number;
  readonly smooth: boolean;
}

/** Half the distance between the two points of a central difference, in parts of the value's magnitude. */
const step = 1e-5;
/** How much the slopes to the left and to the right may differ, in parts of their size, before the point counts as a kink. */
const kinkLimit = 1e-2;

/**
 * Central differences (f(x + h) - f(x - h)) / 2h of Σ f(x) * ct in float64, for up to `entries` entries of one leaf.
 *
 * Truncation is of order h², rounding of order 1e-16 / h: with h = 1e-5 an estimate is good to about 1e-10.
 */
export function numericGradient(
  f: ExactFunction,
  leaf: Tensor,
  ct: ArrayLike<number>,
  { entries, seed }: { readonly entries: number; readonly seed: number },
): Slope[] {
  const point = Float64Array.from(numbersOf(leaf.dtype, leaf.host ?? hostLike(leaf)));
  const at = (values: Float64Array): number => dot(f.run(new Map([[leaf, values]]))[0] ?? [], ct);
  const here = at(point);
  return chosen(point.length, entries, seed).map((entry) => {
    const value = point[entry] ?? 0;
    const h = step * Math.max(1, Math.abs(value));
    const moved = point.slice();
    moved[entry] = value + h;
    const above = at(moved);
    moved[entry] = value - h;
    const below = at(moved);
    const right = (above - here) / h;
    const left = (here - below) / h;
    const slope = (above - below) / (2 * h);
    const smooth = Number.isFinite(slope) && Math.abs(right - left) <= kinkLimit * Math.max(1, Math.abs(slope));
    return { entry, slope, smooth };
  });
}

/** All entries, or a repeatable choice of `count` of them. */
function chosen(length: number, count: number, seed: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  if (length <= count) return all;
  const random = uniform(seed);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (length - i));
    [all[i], all[other]] = [all[other] ?? 0, all[i] ?? 0];
  }
  return all.slice(0, count).sort((a, b) => a - b);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
