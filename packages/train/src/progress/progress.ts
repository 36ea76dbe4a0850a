import type { Scores } from "../metric/metric.ts";
import type { EpochRecord } from "../state/train-state.ts";

/** Where a run stands after a step. */
export interface StepInfo {
  /** Optimizer updates done. */
  readonly step: number;
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** Epochs the run will have; null for a run measured in steps or minutes. */
  readonly epochs: number | null;
  /** Batches of this epoch done, and in all. */
  readonly batch: number;
  readonly batches: number;
  /** This batch's loss. */
  readonly loss: number;
  /** The metrics over the epoch so far. */
  readonly scores: () => Scores;
  /** Over this epoch; 0 before the clock has moved. */
  readonly samplesPerSecond: number;
  /** Until the run ends; null while nothing can be said. */
  readonly secondsLeft: number | null;
}

export interface EpochInfo {
  readonly record: EpochRecord;
  readonly epochs: number | null;
  readonly samplesPerSecond: number;
  /** True if this epoch's validation is the best so far. */
  readonly isBest: boolean;
}

/** Told how a run goes on. Nothing it does can change the run. */
export interface Progress {
  step?(info: StepInfo): void;
  epoch?(info: EpochInfo): void;
  /** Something to say: a save, a skipped batch. */
  message?(text: string): void;
  /** The run is over, however it ended. */
  end?(): void;
}
