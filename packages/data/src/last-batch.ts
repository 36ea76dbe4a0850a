/** What becomes of the samples that do not fill a batch. */
export type LastBatch = "keep" | "drop" | "pad" | "spread";

/** Where each batch of an epoch ends, and how many samples the epoch has. */
export function batchBounds(
  length: number,
  batchSize: number,
  lastBatch: LastBatch,
): { readonly bounds: readonly number[]; readonly samples: number } {
  const bounds: number[] = [];
  switch (lastBatch) {
    case "keep":
    case "pad":
      for (let end = batchSize; end < length + batchSize; end += batchSize) bounds.push(Math.min(end, length));
      return { bounds, samples: length };
    case "drop":
      for (let end = batchSize; end <= length; end += batchSize) bounds.push(end);
      return { bounds, samples: bounds.at(-1) ?? 0 };
    case "spread": {
      const count = Math.ceil(length / batchSize);
      const small = Math.floor(length / Math.max(1, count));
      const large = length - small * count;
      for (let batch = 1; batch <= count; batch++) bounds.push(batch * small + Math.min(batch, large));
      return { bounds, samples: length };
    }
  }
  lastBatch satisfies never;
}
