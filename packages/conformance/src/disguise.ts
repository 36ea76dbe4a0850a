import {
  concat,
  flip,
  hostArray,
  type HostTensor,
  identity,
  neg,
  reshape,
  type Shape,
  sizeOf,
  slice,
  split,
  stridesOf,
  type Tensor,
  transpose,
} from "@gradus/tensor";
import { toTensor } from "./case.ts";

/** A way to hand an op the same values through a view, so that views are composed into its reads. */
export interface Disguise {
  readonly name: string;
  readonly fits: (host: HostTensor) => boolean;
  readonly wrap: (host: HostTensor) => Tensor;
}

/** The plain tensor, and every disguise of it. */
export const disguises: readonly Disguise[] = [
  { name: "plain", fits: () => true, wrap: toTensor },
  {
    name: "reshaped",
    fits: ({ shape }) => shape.length !== 1,
    wrap: (host) => reshape(toTensor({ ...host, shape: [host.data.length] }), host.shape),
  },
  {
    name: "transposed",
    fits: ({ shape }) => shape.length >= 2,
    wrap: (host) => transpose(toTensor(rearranged(host, host.shape.toSpliced(-2, 2, ...host.shape.slice(-2).reverse()), swapLast))),
  },
  {
    name: "flipped",
    fits: ({ shape }) => shape.length >= 1,
    wrap: (host) => flip(toTensor(rearranged(host, host.shape, (index) => index.with(0, (host.shape[0] ?? 1) - 1 - (index[0] ?? 0)))), 0),
  },
  {
    name: "sliced",
    fits: ({ shape }) => shape.length >= 1,
    // Every second row of a tensor that starts and ends with another row.
    wrap: (host) => {
      const [rows = 0, ...rest] = host.shape;
      const wide = rearranged(host, [2 * rows + 1, ...rest], ([row = 0, ...others]) => (row % 2 === 0 ? null : [(row - 1) / 2, ...others]));
      return slice(toTensor(wide), [{ start: 1, step: 2 }]);
    },
  },
  {
    name: "joined",
    fits: ({ shape }) => (shape[0] ?? 0) >= 2,
    wrap: (host) => concat(split(toTensor(host), [1, (host.shape[0] ?? 1) - 1])),
  },
  { name: "identity", fits: () => true, wrap: (host) => identity(toTensor(host)) },
  {
    name: "computed",
    fits: ({ dtype }) => dtype === "float32",
    wrap: (host) => neg(toTensor({ ...host, data: host.data.map((value) => -value) })),
  },
];

/** A host tensor of another shape, each element from the index `from` gives, or 1 where it gives none. */
function rearranged(
  { shape, dtype, data }: HostTensor,
  target: Shape,
  from: (index: readonly number[]) => readonly number[] | null,
): HostTensor {
  const moved = hostArray(dtype, sizeOf(target));
  const strides = stridesOf(shape);
  const steps = stridesOf(target);
  for (let position = 0; position < moved.length; position++) {
    const source = from(target.map((extent, axis) => Math.floor(position / (steps[axis] ?? 1)) % extent));
    moved[position] = source === null ? 1 : (data[source.reduce((sum, at, axis) => sum + at * (strides[axis] ?? 0), 0)] ?? 0);
  }
  return { shape: target, dtype, data: moved };
}

function swapLast(index: readonly number[]): readonly number[] {
  return index.toSpliced(-2, 2, ...index.slice(-2).reverse());
}

/** One of the disguises that fit, the plain tensor aside. */
export function disguise(host: HostTensor, random: () => number): { readonly tensor: Tensor; readonly name: string } {
  const fitting = disguises.slice(1).filter(({ fits }) => fits(host));
  const { wrap, name } = fitting[Math.floor(random() * fitting.length)] ?? { wrap: toTensor, name: "plain" };
  return { tensor: wrap(host), name };
}
