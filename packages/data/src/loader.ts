import { ArgumentError, type HostTensor } from "@gradus/tensor";
import type { Batch, Dataset } from "./dataset.ts";
import { batchBounds, type LastBatch } from "./last-batch.ts";
import { permutation } from "./random/permutation.ts";

export interface LoaderOptions {
  readonly batchSize: number;
  /** Decides the order, with the epoch; not needed with `shuffle: false`. */
  readonly seed?: number;
  /** Which epoch's order; 0 by default. */
  readonly epoch?: number;
  /** Samples of the epoch already seen: the loader goes on as if it had yielded them. */
  readonly from?: number;
  readonly shuffle?: boolean;
  /**
   * What becomes of the samples that do not fill a batch. `"keep"`: a smaller last batch. `"drop"`: left out of this epoch.
   * `"pad"`: filled up with repeats that `mask` marks 0. `"spread"`: batches of sizes that differ by at most 1, none above `batchSize`.
   */
  readonly lastBatch?: LastBatch;
  /** Batches prepared ahead of the one being used; matters where the set's `gather` waits. 2 by default. */
  readonly prefetch?: number;
}

/** A set's batch with its place in the epoch. */
export type LoadedBatch<B extends Batch> = B & {
  /** Samples in it, repeats not counted. */
  readonly size: number;
  /** With `lastBatch: "pad"`: float32 [b], 1 for a sample and 0 for a repeat. */
  readonly mask?: HostTensor;
  /** Samples of the epoch seen once this batch is done: what a checkpoint keeps. */
  readonly samplesSeen: number;
};

/** One epoch's batches. Iterating it again gives the same batches. */
export interface Loader<B extends Batch> extends AsyncIterable<LoadedBatch<B>> {
  /** Batches it yields. */
  readonly batches: number;
  /** Samples it yields, repeats not counted. */
  readonly samples: number;
  /** The same loader at another epoch, or further on in one. */
  at(place: { readonly epoch: number; readonly from?: number }): Loader<B>;
}

/**
 * Yields a data set in batches, in an order that is a pure function of seed and epoch (stream `shuffle/<epoch>`).
 *
 * ```ts
 * for await (const { image, label, size } of loader(train, { batchSize: 64, seed: 1, epoch: 3 })) …
 * ```
 *
 * However much is prefetched, and wherever it starts, the batches are the same, each in arrays of its own.
 *
 * @throws ArgumentError for a batch size, epoch, start or prefetch that is not a whole number in range.
 */
export function loader<B extends Batch>(dataset: Dataset<B>, options: LoaderOptions): Loader<B> {
  const { batchSize, seed = 0, epoch = 0, from = 0, shuffle = true, lastBatch = "keep", prefetch = 2 } = options;
  needWhole("batchSize", batchSize, 1);
  needWhole("epoch", epoch, 0);
  needWhole("from", from, 0);
  needWhole("prefetch", prefetch, 0);
  const { bounds, samples } = batchBounds(dataset.length, batchSize, lastBatch);
  if (from > samples)
    throw new ArgumentError("loader/from", `the epoch has ${samples} samples and the loader cannot start after ${from}`, {
      facts: { from, samples },
    });
  // A start within a batch yields what is left of it, so that everything after it is as it would have been.
  const remaining = bounds.filter((end) => end > from);

  async function* batches(): AsyncGenerator<LoadedBatch<B>> {
    const order = shuffle ? permutation(seed, `shuffle/${epoch}`, dataset.length) : identity(dataset.length);
    const fetch = async (at: number): Promise<LoadedBatch<B>> => {
      const begin = remaining[at - 1] ?? from;
      const end = remaining[at] ?? begin;
      const indices = order.slice(begin, end);
      if (lastBatch !== "pad") return { ...(await dataset.gather(indices)), size: end - begin, samplesSeen: end };
      return {
        ...(await dataset.gather(padded(indices, batchSize))),
        size: end - begin,
        samplesSeen: end,
        mask: maskOf(end - begin, batchSize),
      };
    };
    const ahead: Promise<LoadedBatch<B>>[] = [];
    let next = 0;
    for (let at = 0; at < remaining.length; at++) {
      while (next < remaining.length && next <= at + prefetch) {
        const fetching = fetch(next++);
        // Whoever stops early never awaits the rest; its failure must not end the process.
        fetching.catch(() => {});
        ahead.push(fetching);
      }
      const batch = ahead.shift();
      if (batch !== undefined) yield await batch;
    }
  }

  return {
    batches: remaining.length,
    samples: samples - from,
    at: (place) => loader(dataset, { ...options, epoch: place.epoch, from: place.from ?? 0 }),
    [Symbol.asyncIterator]: batches,
  };
}

function identity(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => i);
}

function padded(indices: Uint32Array, size: number): Uint32Array {
  const full = new Uint32Array(size).fill(indices[0] ?? 0);
  full.set(indices);
  return full;
}

function maskOf(samples: number, size: number): HostTensor {
  return { dtype: "float32", shape: [size], data: new Float32Array(size).fill(1, 0, samples) };
}

function needWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ArgumentError(`loader/${option}`, `${option} must be a whole number of at least ${least}, not ${value}`, {
    subject: "loader",
    facts: { [option]: value },
  });
}
