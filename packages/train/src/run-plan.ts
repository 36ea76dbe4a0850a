import type { LastBatch } from "@gradus/data";
import { ArgumentError } from "@gradus/tensor";
import { describeLength, type Length } from "./duration.ts";
import type { Precision, Recipe, RunPlan, TrainState } from "./state/train-state.ts";

/**
 * What becomes of the schedule when a run goes on longer than it was planned.
 * `"hold"`: it stays, and its last rate is held. `"restretch"`: it is stretched over the new length.
 */
export type Extend = "hold" | "restretch";

/** The plan of a run of `length`. */
export function planOf(length: Length, stepsPerEpoch: number): RunPlan {
  return {
    length,
    scheduleSteps: length.unit === "minutes" ? null : length.unit === "steps" ? length.amount : length.amount * stepsPerEpoch,
  };
}

/**
 * The record of a run that goes on.
 *
 * @throws ArgumentError if batches would be others than before, or if the length differs and `extend` does not say what to do.
 */
export function continued(saved: TrainState, recipe: Recipe, plan: RunPlan, extend: Extend | null): TrainState {
  for (const [name, before, now] of [
    ["seed", saved.recipe.seed, recipe.seed],
    ["batchSize", saved.recipe.batchSize, recipe.batchSize],
    ["lastBatch", saved.recipe.lastBatch, recipe.lastBatch],
    ["precision", saved.recipe.precision, recipe.precision],
    ["samples in the training set", saved.recipe.samples, recipe.samples],
  ] satisfies readonly (readonly [string, number | LastBatch | Precision, number | LastBatch | Precision])[]) {
    if (before === now) continue;
    throw new ArgumentError("train/resume-recipe", `the run was begun with ${name} ${before} and cannot go on with ${now}`, {
      subject: "fit",
      hint: `use ${before}, or begin a new run`,
    });
  }
  const { length } = saved.plan;
  if (length.unit === plan.length.unit && length.amount === plan.length.amount) return saved;
  if (extend === null) {
    throw new ArgumentError(
      "train/resume-length",
      `the run was planned for ${describeLength(length)} and cannot go on for ${describeLength(plan.length)} unasked`,
      {
        subject: "fit",
        hint: 'say extend: "hold" to keep the schedule as it was, or "restretch" to stretch it over the new length',
      },
    );
  }
  return { ...saved, plan: extend === "hold" ? { length: plan.length, scheduleSteps: saved.plan.scheduleSteps } : plan };
}

/** Whether a run has lasted as long as planned. */
export function isReached({ plan: { length }, step, epoch, seconds }: TrainState): boolean {
  switch (length.unit) {
    case "steps":
      return step >= length.amount;
    case "epochs":
      return epoch >= length.amount;
    case "minutes":
      return seconds >= 60 * length.amount;
  }
  length satisfies never;
}
