import { fromHost, type Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { pad } from "../view/pad.ts";
import { repeatInterleave } from "../view/repeat.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";
import type { Taps } from "./taps.ts";

/**
 * A tap of every result `i`: the place floor((i + shift) / times), and for each result its weight, which is 0 where that is no place.
 *
 * @internal
 */
export interface RepeatedTap {
  readonly shift: number;
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * The taps of an axis that is made a whole number of times as long, in which places follow from positions; null of any others.
 *
 * @internal
 */
export function repeatedTaps(taps: Taps, extent: number): readonly RepeatedTap[] | null {
  const times = taps.length / extent;
  if (!Number.isInteger(times) || times < 2) return null;
  const first = Math.floor(extent / 2) * times;
  const middle = taps.slice(first, first + times);
  const slots = Math.max(...middle.map((row) => row.length));
  const repeated: RepeatedTap[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const shifts = Array.from({ length: 8 * times }, (_, i) => i - 4 * times);
    const shift = shifts.find((s) => middle.every((row, i) => row[slot]?.place === Math.floor((first + i + s) / times)));
    if (shift === undefined) return null;
    repeated.push({ shift, weights: new Float32Array(taps.length) });
  }
  for (const [i, row] of taps.entries()) {
    for (const { place, weight } of row) {
      const slot = repeated.find(({ shift }) => Math.floor((i + shift) / times) === place);
      if (slot === undefined) return null;
      slot.weights[i] = (slot.weights[i] ?? 0) + weight;
    }
  }
  return repeated;
}

/**
 * The sum of the weighted taps: each reads `x`, every element repeated, from another place on, and nothing looks its place up.
 *
 * @internal
 */
export function applyRepeatedTaps(x: Tensor, axis: number, taps: readonly RepeatedTap[]): Tensor {
  const extent = x.shape[axis] ?? 1;
  const length = taps[0]?.weights.length ?? 0;
  const times = length / extent;
  const before = Math.max(0, ...taps.map(({ shift }) => -Math.floor(shift / times)));
  const after = Math.max(0, ...taps.map(({ shift }) => Math.floor((length - 1 + shift) / times) - extent + 1));
  const wide = pad(
    x,
    x.shape.map((_, i): readonly [number, number] => (i === axis ? [before, after] : [0, 0])),
  );
  const long = repeatInterleave(wide, times, { axis });
  return taps
    .map(({ shift, weights }) => {
      const read = narrow(long, axis, before * times + shift, length);
      if (weights.every((weight) => weight === 1)) return read;
      return mul(read, reshape(fromHost([length], "float32", weights), [length, ...x.shape.slice(axis + 1).map(() => 1)]));
    })
    .reduce((sum, tap) => add(sum, tap));
}
