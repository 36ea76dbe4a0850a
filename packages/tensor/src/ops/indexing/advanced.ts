import { ArgumentError, ShapeError } from "../../errors.ts";
import { broadcastShapes, type Shape, sizeOf, stridesOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { less } from "../pointwise/comparison.ts";
import { clamp } from "../pointwise/extremes.ts";
import { where } from "../pointwise/where.ts";
import { full } from "../source/full.ts";
import { broadcastTo } from "../view/expand.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { select, slice, type SliceRange } from "../view/slice.ts";
import { asIndex, indexSelect } from "./index-select.ts";

/** What one axis is indexed with: a place, a range, places given by a tensor of integers, or null for all of it. */
export type Index = number | SliceRange | Tensor | null;

/**
 * Elements by index, one entry per axis, first axis first; axes without an entry are kept whole.
 *
 * Index tensors are broadcast against each other and walked together, so two of them pick pairs: for `index(x, [i, j])`,
 * result[k] = x[i[k], j[k]]. Negative indices count from the end; one outside the axis reads the nearest element.
 * The axes of the index tensors come where the indexed axes were if those are neighbours, else first, as in PyTorch and NumPy.
 * Numbers are taken first and drop their axis; ranges are Python's `start:end:step`.
 *
 * Example: `index(x, [{ start: 1 }, i, null, -1])` is x[1:, i, :, -1].
 *
 * @throws ArgumentError if there are more entries than axes, or for a mask, which `maskedSelect` takes; ShapeError if index
 * tensors do not broadcast; DTypeError if one is not of integers.
 */
export function index(x: Tensor, entries: readonly Index[]): Tensor {
  if (entries.length > x.rank) {
    throw new ArgumentError("argument/index", `${entries.length} entries are more than the ${x.rank} axes`, {
      subject: "index",
      facts: { x: String(x) },
    });
  }
  const ranges = entries.map((entry) => (entry === null || typeof entry === "number" || entry instanceof Tensor ? null : entry));
  let viewed = slice(x, ranges);
  const left: (Tensor | null)[] = [];
  for (const entry of entries) {
    if (typeof entry === "number") viewed = select(viewed, left.length, entry);
    else left.push(entry instanceof Tensor ? entry : null);
  }
  return byTensors(viewed, left);
}

function byTensors(x: Tensor, entries: readonly (Tensor | null)[]): Tensor {
  const axes = entries.flatMap((entry, axis) => (entry === null ? [] : [axis]));
  const [first] = axes;
  if (first === undefined) return x;
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const extents = axes.map((axis) => x.shape[axis] ?? 1);
  const strides = stridesOf(extents);
  const tensors = entries.filter((entry) => entry !== null);
  const shape = commonShape(tensors);
  const addresses = tensors.map((tensor, i) => mul(fromEnd(broadcastTo(tensor, shape), extents[i] ?? 1), strides[i] ?? 1));
  const address = addresses.reduce((sum, part) => add(sum, part), full(shape, 0, { dtype: "int32" }));
  const flat = reshape(permute(x, [...axes, ...rest]), [sizeOf(extents), ...rest.map((axis) => x.shape[axis] ?? 1)]);
  const picked = indexSelect(flat, address);
  const neighbours = axes.every((axis, i) => axis === first + i);
  if (!neighbours) return picked;
  const before = Array.from({ length: first }, (_, i) => shape.length + i);
  const after = Array.from({ length: rest.length - first }, (_, i) => shape.length + first + i);
  return permute(picked, [...before, ...shape.keys(), ...after]);
}

/** Indices from 0 on, limited to their own axis. */
function fromEnd(tensor: Tensor, extent: number): Tensor {
  if (tensor.dtype === "bool") {
    throw new ArgumentError("argument/index-mask", "a mask's count of elements is known only when it is read", {
      subject: "index",
      hint: "use maskedSelect, or indices from nonzero",
    });
  }
  const places = asIndex("index", tensor);
  return clamp(where(less(places, 0), add(places, extent), places), { min: 0, max: Math.max(0, extent - 1) });
}

function commonShape(tensors: readonly Tensor[]): Shape {
  return tensors.reduce<Shape>((shape, tensor) => {
    const common = broadcastShapes(shape, tensor.shape);
    if (common === null) {
      throw new ShapeError("shape/index", "index tensors do not broadcast", {
        subject: "index",
        facts: { indices: tensors.map(String).join(", ") },
      });
    }
    return common;
  }, []);
}
