import type { Tensor } from "../../tensor.ts";
import { fromHost } from "../../tensor.ts";
import { customGrad } from "../autograd/custom-grad.ts";
import { indexSelect } from "../indexing/index-select.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sum.ts";
import { reshape } from "../view/reshape.ts";
import { applyRepeatedTaps, repeatedTaps } from "./repeated-taps.ts";

/** For each result along an axis, the places it reads and how much each weighs: the rows of a sparse matrix. */
export type Taps = readonly (readonly Tap[])[];

interface Tap {
  readonly place: number;
  readonly weight: number;
}

/**
 * A linear map along one axis that reads few elements for each result: y[..., i, ...] = Σ weight * x[..., place, ...] over the taps
 * of i. Its gradient is the same map with the taps of the transposed matrix, so nothing is added up in an order that
 * depends on threads.
 *
 * @internal
 */
export function mapAlong(x: Tensor, axis: number, taps: Taps): Tensor {
  const extent = x.shape[axis] ?? 1;
  // Along other axes than the last a place is looked up once for a row.
  const repeated = axis === x.rank - 1 ? repeatedTaps(taps, extent) : null;
  const forward = customGrad(
    (input = x) => (repeated === null ? gathered(input, axis, taps) : applyRepeatedTaps(input, axis, repeated)),
    ({ cotangent }) => [mapAlong(cotangent, axis, transposed(taps, extent))],
  );
  return forward(x);
}

/** Sums of so many taps are written out. */
const mostWrittenOut = 4;

function gathered(x: Tensor, axis: number, taps: Taps): Tensor {
  const most = taps.reduce((length, row) => Math.max(length, row.length), 1);
  if (most > mostWrittenOut) return summed(x, axis, taps, most);
  const along = x.shape.map((_, i) => (i === axis ? taps.length : 1));
  return Array.from({ length: most }, (_, slot) => {
    // Where there is no such tap, one that is read anyway counts for nothing.
    const places = Int32Array.from(taps, (row) => (row[slot] ?? row[0])?.place ?? 0);
    const weights = Float32Array.from(taps, (row) => row[slot]?.weight ?? 0);
    const picked = indexSelect(x, fromHost([taps.length], "int32", places), { axis });
    return weights.every((weight) => weight === 1) ? picked : mul(picked, reshape(fromHost([taps.length], "float32", weights), along));
  }).reduce((sum, tap) => add(sum, tap));
}

function summed(x: Tensor, axis: number, taps: Taps, most: number): Tensor {
  const places = new Int32Array(taps.length * most);
  const weights = new Float32Array(taps.length * most);
  taps.forEach((row, i) => {
    row.forEach(({ place, weight }, j) => {
      places[i * most + j] = place;
      weights[i * most + j] = weight;
    });
  });
  const picked = indexSelect(x, fromHost([taps.length, most], "int32", places), { axis });
  const shared = x.shape.map((_, i) => (i === axis ? [taps.length, most] : i > axis ? [1] : [])).flat();
  return sum(mul(picked, reshape(fromHost([taps.length, most], "float32", weights), shared)), { axis: axis + 1 });
}

function transposed(taps: Taps, extent: number): Taps {
  const columns = Array.from({ length: extent }, (): Tap[] => []);
  taps.forEach((row, i) => {
    for (const { place, weight } of row) columns[place]?.push({ place: i, weight });
  });
  return columns;
}
