import { type Batch, type Dataset, loader } from "@gradus/data";
import { ArgumentError, NumericError, stream } from "@gradus/tensor";
import { hostTurn } from "./host-turn.ts";
import { type CurvePoint, readCurve, type RateSuggestions } from "./learning-rate-curve.ts";
import { newLossScale, nextLossScale } from "./loss-scale.ts";
import { stepKey } from "./step.ts";
import type { Trainer } from "./trainer.ts";

export interface FindLearningRateOptions<B extends Batch> {
  readonly train: Dataset<B>;
  /** The first rate tried; 1e-7 when left out. */
  readonly from?: number;
  /** The last rate tried; 10 when left out. */
  readonly to?: number;
  /** Updates made at most, each with a rate a little higher than the one before; 100 when left out. */
  readonly steps?: number;
  /** How much of the moving average of the loss stays from step to step; 0.98 when left out. */
  readonly smoothing?: number;
  /** Ends when the averaged loss is this many times its lowest; 4 when left out. */
  readonly stopAt?: number;
  /** Ends the search between two steps by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface LearningRateCurve extends RateSuggestions {
  readonly points: readonly CurvePoint[];
}

/**
 * Trains for a few steps with a rate that grows from each to the next, and says what the loss made of it.
 *
 * It sets nothing: weights, buffers, optimizer slots and the learning rate are afterwards what they were, however it ends,
 * and its batches and random numbers come from streams of their own, so training is the same with it and without it.
 *
 * Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.3.
 *
 * Example: `const { valley, points } = await findLearningRate(trainer, { train });`
 *
 * @throws ArgumentError for options out of range; NumericError if the very first loss is not finite.
 */
export async function findLearningRate<B extends Batch>(
  trainer: Trainer<B>,
  options: FindLearningRateOptions<B>,
): Promise<LearningRateCurve> {
  const { model, optimizer } = trainer.settings;
  checkOptions(options);
  const weights = await model.stateDict();
  const slots = await optimizer.stateDict();
  const { learningRate } = optimizer;
  try {
    const points = await climb(trainer, options);
    return { points, ...readCurve(points) };
  } finally {
    model.loadStateDict(weights);
    optimizer.loadStateDict(slots);
    optimizer.learningRate = learningRate;
  }
}

async function climb<B extends Batch>(
  { settings }: Trainer<B>,
  { train, from = 1e-7, to = 10, steps: count = 100, smoothing = 0.98, stopAt = 4, signal }: FindLearningRateOptions<B>,
): Promise<readonly CurvePoint[]> {
  const { optimizer, steps, batchSize, lastBatch, clock } = settings;
  const seed = stream(settings.seed, "find-learning-rate").words[0] >>> 0;
  const batches = loader(train, { batchSize, lastBatch, seed });
  if (batches.batches === 0) {
    throw new ArgumentError("train/no-batches", `a training set of ${train.length} samples gives no batch`, {
      subject: "findLearningRate",
    });
  }
  const points: CurvePoint[] = [];
  let average = 0;
  let lowest = Infinity;
  let turned = clock.now();
  let lossScale = settings.precision === "f16" ? newLossScale(settings.lossScale) : null;
  for (let epoch = 0; ; epoch++) {
    for await (const batch of batches.at({ epoch })) {
      signal?.throwIfAborted();
      const step = points.length;
      const learningRate = from * (to / from) ** (step / (count - 1));
      optimizer.learningRate = learningRate;
      const { loss, finite } = await steps.train(batch, stepKey(seed, step), lossScale?.scale ?? 1);
      if (lossScale !== null && !finite && lossScale.scale > 1 && Number.isFinite(loss)) {
        // Halves overflowed in the gradients, which says nothing of the rate: another batch, with a smaller scale.
        lossScale = nextLossScale(lossScale, false, settings.lossScale);
        continue;
      }
      if (!finite && step === 0) {
        throw new NumericError("train/non-finite", "the loss is not finite before any rate was tried, so there is no curve", {
          subject: "findLearningRate",
          hint: "look at the data and the first weights",
        });
      }
      if (!finite) return points;
      average = smoothing * average + (1 - smoothing) * loss;
      const smoothed = average / (1 - smoothing ** (step + 1));
      points.push({ learningRate, loss, smoothed });
      lowest = Math.min(lowest, smoothed);
      if (points.length === count || smoothed > stopAt * lowest) return points;
      if (clock.now() - turned >= 20) {
        await hostTurn();
        turned = clock.now();
      }
    }
  }
}

function checkOptions<B extends Batch>({
  from = 1e-7,
  to = 10,
  steps = 100,
  smoothing = 0.98,
  stopAt = 4,
}: FindLearningRateOptions<B>): void {
  const refuse = (sentence: string): never => {
    throw new ArgumentError("train/find-learning-rate", sentence, { subject: "findLearningRate" });
  };
  if (!(from > 0 && to > from && Number.isFinite(to))) refuse(`rates must grow from above 0, not from ${from} to ${to}`);
  if (!(Number.isSafeInteger(steps) && steps >= 2)) refuse(`steps must be a whole number of at least 2, not ${steps}`);
  if (!(smoothing >= 0 && smoothing < 1)) refuse(`smoothing must lie in 0 .. 1, 1 excluded, not ${smoothing}`);
  if (!(stopAt > 1)) refuse(`stopAt must be above 1, not ${stopAt}`);
}
