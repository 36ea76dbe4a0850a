/** One number for height and one for width. */
export type Pair = readonly [height: number, width: number];

/** A number stands for both axes. */
export function pairOf(value: number | Pair): Pair {
  return typeof value === "number" ? [value, value] : value;
}
