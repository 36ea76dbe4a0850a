/** A window that slides over height and width. */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly dilation: readonly [height: number, width: number];
}

/** What one call of a layer costs, and which inputs one of its outputs sees. */
export interface LayerFacts {
  readonly multiplyAccumulates: number;
  /** Wires, as LeCun et al. (1998) count them: one for each value a unit reads and one for its bias. */
  readonly connections: number;
  /** The window one output sees; "all" if it sees the whole input, null if only its own place. */
  readonly window: Window | "all" | null;
}

/** A layer whose outputs depend on their own place only, at no cost worth counting. */
export const pointwise: LayerFacts = { multiplyAccumulates: 0, connections: 0, window: null };
