import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { fromHost } from "../../tensor.ts";
import { customGrad } from "../autograd/custom-grad.ts";
import { indexSelect } from "../indexing/index-select.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sum.ts";
import { reshape } from "../view/reshape.ts";
import { applyRegularTaps, regularTaps } from "./regular-taps.ts";

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
  const regular = regularTaps(taps, extent);
  const few = regular !== null && (regular.times > 1 || regular.taps.length <= mostWrittenOut) ? regular : null;
  const forward = customGrad(
    (input = x) => (few === null ? gathered(input, axis, taps) : applyRegularTaps(input, axis, few)),
    ({ cotangent }) => [mapAlong(cotangent, axis, transposed(taps, extent))],
  );
  return forward(x);
}

/** Sums of so many taps are written out. */
const mostWrittenOut = 4;

function gathered(x: Tensor, axis: number, taps: Taps): Tensor {
  const most = taps.reduce((length, row) => Math.max(length, row.length), 1);
  const full = taps.map((row) => filled(row, most));
  if (most > mostWrittenOut) return summed(x, axis, full, most);
  return Array.from({ length: most }, (_, slot) => {
    const places = Int32Array.from(full, (row) => row[slot]?.place ?? 0);
    const weights = Float32Array.from(full, (row) => row[slot]?.weight ?? 0);
    const picked = indexSelect(x, fromHost([full.length], "int32", places), { axis });
    return weights.every((weight) => weight === 1) ? picked : mul(picked, along(x, axis, weights, [full.length]));
  }).reduce((sum, tap) => add(sum, tap));
}

function summed(x: Tensor, axis: number, full: Taps, most: number): Tensor {
  const shape = [full.length, most];
  const taps = full.flat();
  const picked = indexSelect(
    x,
    fromHost(
      shape,
      "int32",
      Int32Array.from(taps, ({ place }) => place),
    ),
    { axis },
  );
  return sum(
    mul(
      picked,
      along(
        x,
        axis,
        Float32Array.from(taps, ({ weight }) => weight),
        shape,
      ),
    ),
    { axis: axis + 1 },
  );
}

/** Values that stand where one axis of `x` does. */
function along(x: Tensor, axis: number, values: Float32Array<ArrayBuffer>, shape: Shape): Tensor {
  return reshape(fromHost(shape, "float32", values), [
    ...x.shape.slice(0, axis).map(() => 1),
    ...shape,
    ...x.shape.slice(axis + 1).map(() => 1),
  ]);
}

/** So many taps that come to the same: halves of one of them, and not others with no weight, for nothing times infinity is NaN. */
function filled(row: Taps[number], count: number): Taps[number] {
  const [first = { place: 0, weight: 0 }, ...others] = row;
  if (row.length >= count) return row;
  const half = { place: first.place, weight: first.weight / 2 };
  return filled([half, half, ...others], count);
}

function transposed(taps: Taps, extent: number): Taps {
  const columns = Array.from({ length: extent }, (): Tap[] => []);
  taps.forEach((row, i) => {
    for (const { place, weight } of row) columns[place]?.push({ place: i, weight });
  });
  return columns;
}
