import type { HostTensor } from "@gradus/tensor";

/** A batch as plain arrays by name, such as `{ image, label }`; the first axis of each runs over the samples. */
export type Batch = { readonly [name: string]: HostTensor };

/** Samples that can be fetched by index, many at a time. */
export interface Dataset<B extends Batch> {
  /** How many samples there are. */
  readonly length: number;
  /** Copies the samples at `indices`, in that order, into new arrays that belong to the caller. */
  gather(indices: Uint32Array): B | Promise<B>;
}
