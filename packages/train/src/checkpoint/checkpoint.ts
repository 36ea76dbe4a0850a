import type { TrainState } from "../state/train-state.ts";
import type { Weights } from "../weights.ts";

/** A whole run at one step: what `fit({ resume })` goes on from. */
export interface Checkpoint {
  readonly state: TrainState;
  /** Parameters and buffers. */
  readonly weights: Weights;
  readonly optimizer: Weights;
  /** Parameters and buffers as they were when the monitored metric was best; null if that is now or was never. */
  readonly best: Weights | null;
}

/** Somewhere runs are saved: whole or not at all. */
export interface CheckpointStore {
  /** Where, for people. */
  readonly path: string;
  save(checkpoint: Checkpoint): Promise<void>;
}
