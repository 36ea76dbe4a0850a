import { FormatError } from "@gradus/tensor";
import type { Length } from "../duration.ts";
import type { LossScale } from "../loss-scale.ts";
import type { MetricValue, Scores } from "../metric/metric.ts";
import { isMetricName, type Sums } from "../metric/tally.ts";
import { Fields } from "./fields.ts";
import type { EpochRecord, TrainState } from "./train-state.ts";

/** The record as JSON. Numbers that are not finite become the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. */
export function encodeTrainState(state: TrainState): string {
  return JSON.stringify(state, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
}

/**
 * Reads what `encodeTrainState` wrote, field by field.
 *
 * @throws FormatError `record/*` that names the file and the field.
 */
export function parseTrainState(text: string, subject: string): TrainState {
  const fields = Fields.parse(text, subject);
  const version = fields.whole("version");
  if (version !== 1)
    throw new FormatError("train-state/version", `the run was saved in version ${version} of the format and this Gradus reads version 1`, {
      subject,
    });
  const recipe = fields.inner("recipe");
  const plan = fields.inner("plan");
  const best = fields.innerOrNull("best");
  return {
    version: 1,
    recipe: {
      seed: recipe.whole("seed"),
      batchSize: recipe.whole("batchSize"),
      lastBatch: recipe.oneOf("lastBatch", ["keep", "drop", "pad", "spread"]),
      samples: recipe.whole("samples"),
      // Runs saved before there was a choice were in float32.
      precision: recipe.names().includes("precision") ? recipe.oneOf("precision", ["f32", "f16"]) : "f32",
    },
    plan: { length: lengthOf(plan.inner("length")), scheduleSteps: plan.isNull("scheduleSteps") ? null : plan.whole("scheduleSteps") },
    epoch: fields.whole("epoch"),
    samplesSeen: fields.whole("samplesSeen"),
    step: fields.whole("step"),
    skipped: fields.whole("skipped"),
    lossScale: fields.names().includes("lossScale") ? lossScaleOf(fields.innerOrNull("lossScale")) : null,
    sums: sumsOf(fields.inner("sums")),
    epochSeconds: fields.number("epochSeconds"),
    seconds: fields.number("seconds"),
    best: best === null ? null : { epoch: best.amount("epoch"), step: best.whole("step"), value: best.number("value") },
    checksWithoutImprovement: fields.whole("checksWithoutImprovement"),
    history: fields.list("history").map(epochOf),
  };
}

function lossScaleOf(fields: Fields | null): LossScale | null {
  return fields === null ? null : { scale: fields.number("scale"), finiteSteps: fields.whole("finiteSteps") };
}

function lengthOf(fields: Fields): Length {
  const unit = fields.oneOf("unit", ["steps", "epochs", "minutes"]);
  return { unit, amount: unit === "minutes" ? fields.number("amount") : fields.whole("amount") };
}

function epochOf(fields: Fields): EpochRecord {
  return {
    // A run measured in steps may end within an epoch.
    epoch: fields.amount("epoch"),
    step: fields.whole("step"),
    learningRate: fields.number("learningRate"),
    train: scoresOf(fields.inner("train")),
    validation: fields.isNull("validation") ? null : scoresOf(fields.inner("validation")),
    seconds: fields.number("seconds"),
  };
}

function sumsOf(fields: Fields): Sums {
  return Object.fromEntries(namesOf(fields).map((name) => [name, fields.numbers(name)]));
}

function scoresOf(fields: Fields): Scores {
  const values: (readonly [string, MetricValue])[] = namesOf(fields).map((name) => [name, fields.nested(name)]);
  return { loss: fields.number("loss"), ...Object.fromEntries(values) };
}

/** Keys come from a file: only what a metric may be called is let in. */
function namesOf(fields: Fields): readonly string[] {
  return fields.names().filter(isMetricName);
}
