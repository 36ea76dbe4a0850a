import { type HostTensor, identity, neg, reshape, type Tensor } from "@gradus/tensor";
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
  { name: "reshaped", fits: ({ shape }) => shape.length !== 1, wrap: (host) => reshape(toTensor({ ...host, shape: [host.data.length] }), host.shape) },
  { name: "identity", fits: () => true, wrap: (host) => identity(toTensor(host)) },
  { name: "computed", fits: ({ dtype }) => dtype === "float32", wrap: (host) => neg(toTensor({ ...host, data: host.data.map((value) => -value) })) },
];

/** One of the disguises that fit, the plain tensor aside. */
export function disguise(host: HostTensor, random: () => number): { readonly tensor: Tensor; readonly name: string } {
  const fitting = disguises.slice(1).filter(({ fits }) => fits(host));
  const { wrap, name } = fitting[Math.floor(random() * fitting.length)] ?? { wrap: toTensor, name: "plain" };
  return { tensor: wrap(host), name };
}
