import type { Batch, Dataset, ImageBatch, LastBatch } from "@gradus/data";
import { type Clock, systemClock } from "@gradus/io";
import { type Context, crossEntropy, type Layer, type Module } from "@gradus/nn";
import { ArgumentError, type Tensor, valueAndGrad } from "@gradus/tensor";
import { evaluate, type EvaluateOptions } from "./evaluate.ts";
import { fit, type FitOptions, type FitResult } from "./fit.ts";
import type { LossScaleOptions } from "./loss-scale.ts";
import { accuracy } from "./metric/accuracy.ts";
import { meanLoss } from "./metric/loss.ts";
import type { Metric, Scores } from "./metric/metric.ts";
import { checkMetrics } from "./metric/tally.ts";
import type { TrainOptimizer } from "./optimizer.ts";
import type { Schedule } from "./schedule/schedule.ts";
import type { Precision } from "./state/train-state.ts";
import { type LossGradients, type Task, TaskSteps, type TensorBatch } from "./step.ts";

/** A batch's arrays as tensors. */
export type TensorsOf<B extends Batch> = { readonly [K in keyof B]: Tensor };

export type TrainerOptions<B extends Batch> = TrainerSettings<B> &
  (
    | { readonly model: Layer; readonly predict?: undefined }
    | {
        readonly model: Module;
        /** What the model makes of a batch; a model of one tensor is given `batch.image` unless told otherwise. */
        predict(this: void, batch: TensorsOf<B>, context: Context): Tensor;
      }
  );

export interface TrainerSettings<B extends Batch> {
  readonly optimizer: TrainOptimizer;
  /** Each sample's loss [b], or their mean. Cross-entropy of `batch.label` by default. */
  loss?(this: void, output: Tensor, batch: TensorsOf<B>): Tensor;
  /** How gradients are taken of the loss, such as `sharpnessAware`; `valueAndGrad` by default. */
  gradients?(this: void, model: Module, loss: () => Tensor): LossGradients;
  /** What is measured besides the loss; accuracy by default. */
  readonly metrics?: readonly Metric[];
  /** The learning rate at each step; by default the optimizer's own stays. */
  readonly schedule?: Schedule;
  /** Samples an update sees; 64 by default. */
  readonly batchSize?: number;
  /** What becomes of the samples that do not fill a batch; `"keep"` by default. */
  readonly lastBatch?: LastBatch;
  /**
   * `"f16"` trains in mixed precision: activations and their gradients are halves, while parameters, losses and sums are float32
   * (see `autocast`), and the loss is scaled so that small gradients survive. Evaluation is in float32. `"f32"` by default.
   */
  readonly precision?: Precision;
  /** How the loss is scaled in mixed precision. */
  readonly lossScale?: LossScaleOptions;
  /** Decides order and randomness; 0 by default. The model's own seed is its own. */
  readonly seed?: number;
  readonly clock?: Clock;
}

/** A trainer's settings with every default filled in. */
export interface Settings {
  readonly model: Module;
  readonly optimizer: TrainOptimizer;
  readonly metrics: readonly Metric[];
  readonly schedule: Schedule | null;
  readonly batchSize: number;
  readonly lastBatch: LastBatch;
  readonly seed: number;
  readonly precision: Precision;
  readonly lossScale: LossScaleOptions;
  readonly clock: Clock;
  readonly steps: TaskSteps;
}

/**
 * Trains and evaluates a model.
 *
 * ```ts
 * const trainer = new Trainer({ model: lenet5(), optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }) });
 * const { history } = await trainer.fit({ train, validation, length: epochs(5) });
 * const { loss, accuracy } = await trainer.evaluate(test);
 * ```
 *
 * Batches, dropout and schedules are pure functions of seed, epoch and step, so a run that was stopped anywhere and resumed
 * ends with the same weights, bit for bit, as one that was not.
 *
 * @throws ArgumentError for settings out of range.
 */
export class Trainer<B extends Batch = ImageBatch> {
  /** What the trainer was made with, every default filled in. */
  readonly settings: Settings;

  constructor(options: TrainerOptions<B>) {
    const {
      model,
      optimizer,
      metrics = [accuracy],
      schedule = null,
      batchSize = 64,
      lastBatch = "keep",
      seed = 0,
      precision = "f32",
      lossScale = {},
      clock = systemClock(),
      gradients = valueAndGrad,
    } = options;
    if (!(Number.isSafeInteger(batchSize) && batchSize >= 1)) {
      throw new ArgumentError("train/batch-size", `batchSize must be a whole number of at least 1, not ${batchSize}`, {
        subject: "Trainer",
      });
    }
    checkLossScale(lossScale);
    const all = [meanLoss, ...metrics];
    checkMetrics(all);
    const steps = new TaskSteps({
      model,
      optimizer,
      precision,
      metrics: all,
      ...predictorOf(options),
      loss: options.loss ?? labelLoss,
      gradients,
    });
    this.settings = { model, optimizer, metrics: all, schedule, batchSize, lastBatch, seed, precision, lossScale, clock, steps };
  }

  /**
   * Trains until `length` is reached, the signal is aborted, or something fails; `reason` and `failure` of the result say which.
   *
   * Faults of the first two validation batches are thrown before the first step.
   *
   * @throws ArgumentError for options that do not fit, and for a `resume` of another run.
   */
  fit(options: FitOptions<B>): Promise<FitResult> {
    return fit(this.settings, options);
  }

  /** Every metric over a data set, in evaluation mode. Training is not changed by it. */
  evaluate(dataset: Dataset<B>, options: EvaluateOptions = {}): Promise<Scores> {
    return evaluate(this.settings, dataset, options);
  }
}

function checkLossScale({ initial = 1, doubleAfter = 1 }: LossScaleOptions): void {
  if (initial >= 1 && Number.isInteger(Math.log2(initial)) && Number.isSafeInteger(doubleAfter) && doubleAfter >= 1) return;
  throw new ArgumentError("train/loss-scale", `a loss scale cannot begin at ${initial} and double after ${doubleAfter} steps`, {
    subject: "Trainer",
    hint: "begin at a power of two of at least 1, and double after a whole number of steps",
  });
}

function predictorOf<B extends Batch>(options: TrainerOptions<B>): Pick<Task, "predict"> {
  if (options.predict !== undefined) return { predict: options.predict };
  const { model } = options;
  return { predict: (batch, context) => model.forward(need(batch, "image"), context) };
}

function labelLoss(output: Tensor, batch: TensorBatch): Tensor {
  return crossEntropy(output, need(batch, "label"), { reduction: "none" });
}

function need(batch: TensorBatch, name: string): Tensor {
  const tensor = batch[name];
  if (tensor !== undefined) return tensor;
  throw new ArgumentError("train/batch", `batches have no ${name} but ${Object.keys(batch).join(", ")}`, {
    subject: "Trainer",
    hint: "say what to predict and what the loss is",
  });
}
