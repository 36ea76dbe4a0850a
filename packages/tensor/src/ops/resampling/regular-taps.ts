import { fromHost, type Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { repeatInterleave } from "../view/repeat.ts";
import { replicateEdge } from "../view/replicate-edge.ts";
import { reshape } from "../view/reshape.ts";
import { sliceTo } from "../view/slice.ts";
import type { Taps } from "./taps.ts";

/**
 * Taps of an axis that is made a whole number of times as long, or of which every `step`-th place has a result: the place a result
 * reads follows from its position, and its weights from its remainder by `times`.
 *
 * @internal
 */
export interface RegularTaps {
  readonly times: number;
  readonly step: number;
  /** Result i reads place floor((i * step + shift) / times), or the nearest there is, with one weight for each remainder of i. */
  readonly taps: readonly { readonly shift: number; readonly weights: readonly number[] }[];
}

/** Weights of as many places, of one result. */
type Weights = ReadonlyMap<number, number>;

/** What rounding of coordinates may leave of a weight. */
const nothing = 1e-6;

/**
 * Taps as a rule; null if they follow none.
 *
 * @internal
 */
export function regularTaps(taps: Taps, extent: number): RegularTaps | null {
  const [times, step] = [Math.max(1, taps.length / extent), Math.max(1, extent / taps.length)];
  if (!Number.isInteger(times) || !Number.isInteger(step)) return null;
  const first = Math.floor(taps.length / times / 2) * times;
  const phases = taps.slice(first, first + times).map(weightsOf);
  const placeOf = (shift: number, i: number): number => Math.floor((i * step + shift) / times);
  const near = 4 * Math.max(times, step);
  const shifts = Array.from({ length: 2 * near }, (_, i) => i - near).filter((shift) =>
    phases.every((weights, phase) => weights.has(placeOf(shift, first + phase))),
  );
  const chosen = fewestThatReach(
    shifts,
    (shift) => phases.map((_, phase) => `${phase}:${placeOf(shift, first + phase)}`),
    phases.reduce((count, { size }) => count + size, 0),
  );
  if (chosen === null) return null;
  const regular = chosen.map((shift) => ({
    shift,
    // A place that several shifts come to is read by each of them.
    weights: phases.map((weights, phase) => {
      const place = placeOf(shift, first + phase);
      return (weights.get(place) ?? 0) / chosen.filter((other) => placeOf(other, first + phase) === place).length;
    }),
  }));
  const weightsAt = (i: number): Weights =>
    weightsOf(
      regular.map(({ shift, weights }) => ({
        place: Math.min(Math.max(placeOf(shift, i), 0), extent - 1),
        weight: weights[i % times] ?? 0,
      })),
    );
  return taps.every((row, i) => agree(weightsOf(row), weightsAt(i))) ? { times, step, taps: regular } : null;
}

/**
 * The sum of the weighted taps: each reads `x`, every element repeated, from another place on, and nothing looks its place up.
 *
 * @internal
 */
export function applyRegularTaps(x: Tensor, axis: number, { times, step, taps }: RegularTaps): Tensor {
  const extent = x.shape[axis] ?? 1;
  const length = (extent * times) / step;
  const before = Math.max(0, ...taps.map(({ shift }) => -Math.floor(shift / times)));
  const after = Math.max(0, ...taps.map(({ shift }) => Math.floor(((length - 1) * step + shift) / times) - extent + 1));
  const edged = replicateEdge(x, axis, before, after);
  const long = times === 1 ? edged : repeatInterleave(edged, times, { axis });
  const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const sum = taps
    .map(({ shift, weights }) => {
      const read = sliceTo(long, {
        starts: long.shape.map((_, i) => (i === axis ? before * times + shift : 0)),
        steps: long.shape.map((_, i) => (i === axis ? step : 1)),
        sizes: long.shape.with(axis, length),
      });
      const apart = reshape(read, [...lead, length / times, times, ...rest]);
      if (weights.every((weight) => weight === 1)) return apart;
      return mul(apart, reshape(fromHost([times], "float32", new Float32Array(weights)), [times, ...rest.map(() => 1)]));
    })
    .reduce((total, tap) => add(total, tap));
  return reshape(sum, [...lead, length, ...rest]);
}

/** Few of some choices that together reach everything: always the one that reaches most that is new. */
function fewestThatReach<T>(choices: readonly T[], reach: (choice: T) => readonly string[], everything: number): readonly T[] | null {
  const reached = new Set<string>();
  const chosen: T[] = [];
  while (reached.size < everything) {
    const gain = (choice: T): number => new Set(reach(choice).filter((one) => !reached.has(one))).size;
    const [first] = choices;
    if (first === undefined) return null;
    const best = choices.reduce((most, choice) => (gain(choice) > gain(most) ? choice : most), first);
    if (gain(best) === 0) return null;
    for (const one of reach(best)) reached.add(one);
    chosen.push(best);
  }
  return chosen;
}

function weightsOf(row: Taps[number]): Weights {
  const weights = new Map<number, number>();
  for (const { place, weight } of row) weights.set(place, (weights.get(place) ?? 0) + weight);
  return new Map([...weights].filter(([, weight]) => Math.abs(weight) > nothing));
}

function agree(a: Weights, b: Weights): boolean {
  return a.size === b.size && [...a].every(([place, weight]) => Math.abs(weight - (b.get(place) ?? 0)) <= nothing);
}
