import type { LastBatch } from "@gradus/data";
import type { Length } from "../duration.ts";
import type { LossScale } from "../loss-scale.ts";
import type { Scores } from "../metric/metric.ts";
import type { Sums } from "../metric/tally.ts";

/** What decides every batch and every random number: it must be the same when a run goes on. */
export interface Recipe {
  readonly seed: number;
  readonly batchSize: number;
  readonly lastBatch: LastBatch;
  /** Samples in the training set. */
  readonly samples: number;
  readonly precision: Precision;
}

/** `"f32"`: everything in float32. `"f16"`: activations and their gradients in float16, parameters and losses in float32. */
export type Precision = "f32" | "f16";

/** How long the run was asked to last. */
export interface RunPlan {
  readonly length: Length;
  /** Steps the learning-rate schedule is stretched over; null for a run measured in minutes. */
  readonly scheduleSteps: number | null;
}

/** One finished epoch. */
export interface EpochRecord {
  /** Epochs done, 1 after the first. */
  readonly epoch: number;
  readonly step: number;
  readonly learningRate: number;
  /** Over the epoch's batches, each scored just before its update. */
  readonly train: Scores;
  /** Over the validation set after the epoch; null without one. */
  readonly validation: Scores | null;
  /** Time spent on training steps, validation left out. */
  readonly seconds: number;
}

export interface BestRecord {
  readonly epoch: number;
  readonly step: number;
  /** The monitored metric's value. */
  readonly value: number;
}

/**
 * Everything that changes in a run besides weights and optimizer slots, as plain data.
 *
 * All randomness and every schedule are functions of this record, so a run goes on from it as if it had never stopped.
 */
export interface TrainState {
  readonly version: 1;
  readonly recipe: Recipe;
  readonly plan: RunPlan;
  /** Epochs finished. */
  readonly epoch: number;
  /** Samples of the present epoch already used. */
  readonly samplesSeen: number;
  /** Optimizer updates. */
  readonly step: number;
  /** Batches left out because their loss or gradients were not finite. */
  readonly skipped: number;
  /** Null in float32. */
  readonly lossScale: LossScale | null;
  /** The present epoch's metrics so far. */
  readonly sums: Sums;
  /** Time spent on the present epoch's steps. */
  readonly epochSeconds: number;
  /** Time spent on all steps. */
  readonly seconds: number;
  readonly best: BestRecord | null;
  readonly checksWithoutImprovement: number;
  readonly history: readonly EpochRecord[];
}

/** A run that has not begun. */
export function newTrainState(recipe: Recipe, plan: RunPlan, lossScale: LossScale | null): TrainState {
  return {
    version: 1,
    recipe,
    plan,
    epoch: 0,
    samplesSeen: 0,
    step: 0,
    skipped: 0,
    lossScale,
    sums: {},
    epochSeconds: 0,
    seconds: 0,
    best: null,
    checksWithoutImprovement: 0,
    history: [],
  };
}
