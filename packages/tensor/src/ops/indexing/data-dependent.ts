import { hostArray } from "../../dtype.ts";
import { type Shape, stridesOf } from "../../shape.ts";
import { fromHost, type Tensor } from "../../tensor.ts";
import { broadcastTo } from "../view/expand.ts";
import { reshape } from "../view/reshape.ts";
import { indexSelect } from "./index-select.ts";

// How many elements these give is known only from the data, so they read it, and return promises.

/**
 * The index of every element that is not zero, row-major, in int32.
 *
 * Shapes: `x` of rank r with k elements that are not zero gives [k, r].
 */
export async function nonzero(x: Tensor): Promise<Tensor> {
  const positions = truePositions(await x.data());
  const strides = stridesOf(x.shape);
  const indices = positions.flatMap((position) => strides.map((stride, axis) => Math.floor(position / stride) % (x.shape[axis] ?? 1)));
  return vector(indices, [positions.length, x.rank]);
}

/**
 * The elements where the mask holds (is not zero), row-major. Reads the mask alone; gradients flow to `x`.
 *
 * Shapes: the mask broadcasts to `x`; the result is [k] for k elements.
 *
 * @throws ShapeError if the mask does not broadcast to the shape of `x`.
 */
export async function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  const positions = truePositions(await broadcastTo(mask, x.shape).data());
  return indexSelect(reshape(x, [x.size]), vector(positions, [positions.length]));
}

export interface Unique {
  /** Each different value once, smallest first: [k]. */
  readonly values: Tensor;
  /** For every element of `x`, where in `values` it is, in int32: the shape of `x`. */
  readonly inverse: Tensor;
  /** How often each value occurs, in int32: [k]. */
  readonly counts: Tensor;
}

/** The different values of a tensor, in order, where each element's is, and how many there are of each. A NaN differs from every NaN. */
export async function unique(x: Tensor): Promise<Unique> {
  const data = await x.data();
  const order = Array.from(data.keys()).sort((a, b) => {
    const [left = 0, right = 0] = [data[a], data[b]];
    return left === right
      ? 0
      : Number.isNaN(left) || Number.isNaN(right)
        ? Number(Number.isNaN(left)) - Number(Number.isNaN(right))
        : left - right;
  });
  const values: number[] = [];
  const counts: number[] = [];
  const inverse = new Int32Array(data.length);
  for (const position of order) {
    const value = data[position] ?? 0;
    if (values.at(-1) === value) counts.push((counts.pop() ?? 0) + 1);
    else {
      values.push(value);
      counts.push(1);
    }
    inverse[position] = values.length - 1;
  }
  const stored = hostArray(x.dtype, values.length);
  stored.set(values);
  return { values: fromHost([values.length], x.dtype, stored), inverse: vector(inverse, x.shape), counts: vector(counts, [counts.length]) };
}

function truePositions(data: ArrayLike<number>): number[] {
  return Array.from(data, (value, position) => (value === 0 ? -1 : position)).filter((position) => position >= 0);
}

function vector(values: ArrayLike<number>, shape: Shape): Tensor {
  return fromHost(shape, "int32", Int32Array.from(values));
}
