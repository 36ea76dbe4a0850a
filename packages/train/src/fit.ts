import { type Batch, type Dataset, type Loader, loader, type LoadedBatch } from "@gradus/data";
import { averagedWeights } from "@gradus/optim";
import { ArgumentError, currentRuntime, GradusError } from "@gradus/tensor";
import type { Checkpoint, CheckpointStore } from "./checkpoint/checkpoint.ts";
import { type Epochs, epochs, type Length, type Steps } from "./duration.ts";
import { type LossScale, newLossScale, nextLossScale } from "./loss-scale.ts";
import { evaluate } from "./evaluate.ts";
import { hostTurn } from "./host-turn.ts";
import type { Scores } from "./metric/metric.ts";
import { Tally } from "./metric/tally.ts";
import type { Progress } from "./progress/progress.ts";
import { continued, type Extend, isReached, planOf } from "./run-plan.ts";
import { type EpochRecord, newTrainState, type TrainState } from "./state/train-state.ts";
import { stepKey } from "./step.ts";
import type { Settings } from "./trainer.ts";
import type { Weights } from "./weights.ts";

export interface FitOptions<B extends Batch> {
  readonly train: Dataset<B>;
  /** Scored after every epoch; never trained on. */
  readonly validation?: Dataset<B>;
  readonly length: Length;
  /** A saved run to go on from, at the very sample it stopped at. */
  readonly resume?: Checkpoint;
  /** Needed to resume with another length. */
  readonly extend?: Extend;
  /** What makes weights the best; the lowest validation loss by default. */
  readonly monitor?: { readonly metric: string; readonly goal: "min" | "max" };
  /** Which weights the model holds afterwards: the best (where there is a validation set) or the last. `"best"` by default. */
  readonly keep?: "best" | "last";
  /**
   * Validates with the averages that the optimizer keeps (`after: [exponentialAverage()]`): the best weights are then
   * averages too, while training goes on from its own. False by default.
   */
  readonly validateAverages?: boolean;
  /** Scores two validation batches before the first step, so that faults show at once. True by default. */
  readonly validateFirst?: boolean;
  /** What to do about a loss or gradient that is not finite; a skipped batch is counted and changes nothing. `"stop"` by default. */
  readonly onNaN?: "stop" | "skip";
  /** Where the run is saved. */
  readonly save?: CheckpointStore;
  /** How often; after every epoch by default, and always at the end. */
  readonly saveEvery?: Epochs | Steps;
  /** Ends the run after the step under way. */
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

export interface FitResult {
  /** `"finished"` only if the length asked for was reached. */
  readonly reason: "finished" | "aborted" | "non-finite" | "save-failed";
  /** What went wrong, for the last two. */
  readonly failure: GradusError | null;
  readonly state: TrainState;
  readonly history: readonly EpochRecord[];
  readonly last: Weights;
  /** The weights at the best validation; the last where there was none. */
  readonly best: Weights;
  /** What `resume` goes on from. */
  readonly checkpoint: Checkpoint;
}

/** Runs the training loop. */
export async function fit<B extends Batch>(settings: Settings, options: FitOptions<B>): Promise<FitResult> {
  const run = new Run(settings, options);
  try {
    await run.begin();
    return await run.finish(await run.train());
  } finally {
    options.progress?.end?.();
  }
}

type Ending = Pick<FitResult, "reason" | "failure">;
const finished: Ending = { reason: "finished", failure: null };
const aborted: Ending = { reason: "aborted", failure: null };

class Run<B extends Batch> {
  readonly #settings: Settings;
  readonly #options: FitOptions<B>;
  readonly #batches: Loader<B>;
  #state: TrainState;
  #tally: Tally;
  /** Weights at the best validation, unless they are the present ones. */
  #best: Weights | null;
  #savedStep = -1;
  /** The run as the host last had it, and the one that a new device went on from. */
  #copy: Checkpoint | null = null;
  #recoveredAt: Checkpoint | null = null;
  /** Batches of the present epoch begun. */
  #batch = 0;
  /** When the present stretch of steps was last timed. */
  #mark = 0;
  #turned = 0;
  #validationSeconds = 0;

  constructor(settings: Settings, options: FitOptions<B>) {
    const { batchSize, lastBatch, seed, precision } = settings;
    const { train, length, resume, extend = null } = options;
    this.#settings = settings;
    this.#options = options;
    this.#batches = loader(train, { batchSize, lastBatch, seed });
    if (this.#batches.batches === 0) {
      throw new ArgumentError("train/no-batches", `a training set of ${train.length} samples gives no batch`, {
        subject: "fit",
        facts: { batchSize, lastBatch },
      });
    }
    const recipe = { seed, batchSize, lastBatch, samples: train.length, precision };
    const plan = planOf(length, this.#batches.batches);
    this.#state =
      resume === undefined
        ? newTrainState(recipe, plan, precision === "f16" ? newLossScale(settings.lossScale) : null)
        : continued(resume.state, recipe, plan, extend);
    this.#tally = new Tally(settings.metrics, this.#state.sums);
    // A checkpoint whose own weights are the best does not hold them twice.
    this.#best = resume === undefined || resume.state.best === null ? null : (resume.best ?? resume.weights);
    const { metric } = this.#monitor;
    if (!settings.metrics.some(({ name }) => name === metric)) {
      throw new ArgumentError(
        "train/monitor",
        `there is no metric ${metric} to monitor among ${settings.metrics.map(({ name }) => name).join(", ")}`,
        { subject: "fit" },
      );
    }
  }

  /** Puts a resumed run's weights in place and looks for faults. */
  async begin(): Promise<void> {
    const { model, optimizer } = this.#settings;
    const { resume, validation, validateFirst = true, signal } = this.#options;
    if (resume !== undefined) {
      model.loadStateDict(resume.weights);
      optimizer.loadStateDict(resume.optimizer);
    }
    if (validation !== undefined && validateFirst && signal?.aborted !== true) await evaluate(this.#settings, validation, { batches: 2 });
  }

  /** Trains to an ending. Where the device can be lost, every epoch begins with a copy on the host, to go on from on a new device. */
  async train(): Promise<Ending> {
    this.#turned = this.#settings.clock.now();
    for (;;) {
      try {
        return await this.#trainOn();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #trainOn(): Promise<Ending> {
    const canBeLost = currentRuntime().recover !== undefined;
    while (!isReached(this.#state)) {
      if (canBeLost && this.#copy?.state.step !== this.#state.step) this.#copy = await this.#checkpoint();
      const ending = (await this.#trainEpoch()) ?? (await this.#closeEpoch());
      if (ending !== null) return ending;
    }
    return finished;
  }

  /** Goes on from the last copy on a new device, if it was the old one that was lost. The same steps again give the same weights. */
  async #recover(error: unknown): Promise<void> {
    const copy = this.#copy;
    const { recover } = currentRuntime();
    const lost = error instanceof GradusError && error.code === "backend/lost";
    if (!lost || copy === null || recover === undefined || this.#recoveredAt === copy) throw error;
    this.#recoveredAt = copy;
    this.#options.progress?.message?.(`the device was lost: going on from step ${copy.state.step} on a new one`);
    await recover();
    const { model, optimizer, metrics } = this.#settings;
    model.loadStateDict(copy.weights);
    optimizer.loadStateDict(copy.optimizer);
    const { learningRate } = optimizer;
    optimizer.learningRate = learningRate;
    this.#state = copy.state;
    this.#tally = new Tally(metrics, copy.state.sums);
    this.#best = copy.best;
  }

  /** Saves, collects the results and leaves the model with the weights asked for. */
  async finish(ending: Ending): Promise<FitResult> {
    let { reason, failure } = ending;
    if ((reason === "finished" || reason === "aborted") && this.#savedStep !== this.#state.step) {
      const failed = await this.#save();
      if (failed !== null) ({ reason, failure } = failed);
    }
    const checkpoint = await this.#checkpoint();
    const best = checkpoint.best ?? checkpoint.weights;
    if (checkpoint.best !== null && (this.#options.keep ?? "best") === "best") this.#settings.model.loadStateDict(best);
    return { reason, failure, state: checkpoint.state, history: checkpoint.state.history, last: checkpoint.weights, best, checkpoint };
  }

  /** The batches left of the present epoch. An ending, or null if the epoch is through or the length reached. */
  async #trainEpoch(): Promise<Ending | null> {
    const { epoch, samplesSeen } = this.#state;
    this.#mark = this.#settings.clock.now();
    const left = this.#batches.at({ epoch, from: samplesSeen });
    this.#batch = this.#batches.batches - left.batches;
    for await (const batch of left) {
      if (this.#isAborted()) return aborted;
      this.#batch++;
      const ending = await this.#step(batch);
      if (ending !== null) return ending;
      await this.#turnHost();
      if (isReached(this.#state)) break;
    }
    return this.#isAborted() ? aborted : null;
  }

  async #step(batch: LoadedBatch<B>): Promise<Ending | null> {
    const { steps, seed, optimizer } = this.#settings;
    const { step, epoch, lossScale } = this.#state;
    const scale = lossScale?.scale ?? 1;
    const learningRate = this.#learningRate();
    if (learningRate !== optimizer.learningRate) optimizer.learningRate = learningRate;
    const key = stepKey(seed, step);
    const { loss, finite, sums } = await steps.train(batch, key, scale);
    if (!finite && scale > 1 && Number.isFinite(loss)) return this.#overflowed(batch.samplesSeen, scale);
    if (!finite) {
      if (this.#options.onNaN !== "skip") return { reason: "non-finite", failure: await steps.explain(batch, key, { step, epoch, scale }) };
      this.#options.progress?.message?.(`skipped a batch of epoch ${epoch + 1} whose loss or gradients were not finite`);
      this.#advance({ samplesSeen: batch.samplesSeen, skipped: this.#state.skipped + 1 });
      return null;
    }
    this.#tally.add(sums);
    this.#advance({ samplesSeen: batch.samplesSeen, step: step + 1, lossScale: this.#nextLossScale(true) });
    this.#reportStep(batch.samplesSeen, loss);
    const { unit, amount } = this.#saveEvery;
    return unit === "steps" && this.#state.step % amount === 0 ? this.#save() : null;
  }

  /** Leaves a batch out whose gradients overflowed in halves, though its loss is finite: with a smaller loss scale the next ones need not. */
  #overflowed(samplesSeen: number, scale: number): null {
    this.#options.progress?.message?.(`gradients overflowed float16 with the loss scale ${scale}; skipped a batch and halved the scale`);
    this.#advance({ samplesSeen, skipped: this.#state.skipped + 1, lossScale: this.#nextLossScale(false) });
    return null;
  }

  #nextLossScale(finite: boolean): LossScale | null {
    const { lossScale } = this.#state;
    return lossScale === null ? null : nextLossScale(lossScale, finite, this.#settings.lossScale);
  }

  /** Validation, record and save at the end of an epoch, or wherever the length was reached. */
  async #closeEpoch(): Promise<Ending | null> {
    const { validation, progress } = this.#options;
    const { clock } = this.#settings;
    const begun = clock.now();
    const { samplesSeen, step, epochSeconds } = this.#state;
    const whole = samplesSeen >= this.#batches.samples;
    const epoch = this.#state.epoch + (whole ? 1 : samplesSeen / this.#batches.samples);
    let scores: Scores | null = null;
    let isBest = false;
    try {
      if (validation !== undefined) ({ scores, isBest } = await this.#validate(validation, epoch));
    } catch (error) {
      // Nothing of the epoch's end has happened yet: resuming begins with this validation.
      if (this.#isAborted()) return aborted;
      throw error;
    }
    this.#validationSeconds = (clock.now() - begun) / 1000;
    const record: EpochRecord = {
      epoch,
      step,
      learningRate: this.#learningRate(),
      train: this.#tally.scores(),
      validation: scores,
      seconds: epochSeconds,
    };
    this.#state = { ...this.#state, history: [...this.#state.history, record] };
    if (whole) {
      this.#state = { ...this.#state, epoch, samplesSeen: 0, epochSeconds: 0 };
      this.#tally = new Tally(this.#settings.metrics);
    }
    progress?.epoch?.({ record, epochs: this.#epochs(), samplesPerSecond: rate(samplesSeen, epochSeconds), isBest });
    const { unit, amount } = this.#saveEvery;
    return whole && unit === "epochs" && epoch % amount === 0 ? this.#save() : null;
  }

  /** Scores the validation set with the weights asked for, and keeps those if they are the best. */
  async #validate(validation: Dataset<B>, epoch: number): Promise<{ readonly scores: Scores; readonly isBest: boolean }> {
    const { model, optimizer } = this.#settings;
    const { signal, validateAverages = false } = this.#options;
    const trained = validateAverages ? await model.stateDict() : null;
    try {
      if (trained !== null) model.loadStateDict(await averagedWeights(model, optimizer));
      const scores = await evaluate(this.#settings, validation, signal === undefined ? {} : { signal });
      return { scores, isBest: await this.#noteBest(scores, epoch) };
    } finally {
      if (trained !== null) model.loadStateDict(trained);
    }
  }

  /** Keeps the weights if these scores are the best so far. The first are; a NaN never is. */
  async #noteBest(scores: Scores, epoch: number): Promise<boolean> {
    const { metric, goal } = this.#monitor;
    const value = scores[metric];
    if (typeof value !== "number")
      throw new ArgumentError("train/monitor", `${metric} is not one number and cannot be monitored`, { subject: "fit" });
    const { best, step, checksWithoutImprovement } = this.#state;
    const better = !Number.isNaN(value) && (best === null || (goal === "min" ? value < best.value : value > best.value));
    if (better) {
      this.#best = await this.#settings.model.stateDict();
      this.#state = { ...this.#state, best: { epoch, step, value }, checksWithoutImprovement: 0 };
    } else {
      this.#state = { ...this.#state, checksWithoutImprovement: checksWithoutImprovement + 1 };
    }
    return better;
  }

  async #save(): Promise<Ending | null> {
    const { save } = this.#options;
    if (save === undefined) return null;
    try {
      await save.save(await this.#checkpoint());
      this.#savedStep = this.#state.step;
      return null;
    } catch (error) {
      if (!(error instanceof GradusError)) throw error;
      return { reason: "save-failed", failure: error };
    }
  }

  async #checkpoint(): Promise<Checkpoint> {
    const { model, optimizer } = this.#settings;
    const state = { ...this.#state, sums: this.#state.samplesSeen === 0 ? {} : this.#tally.sums() };
    const isPresent = state.best !== null && state.best.step === state.step && this.#options.validateAverages !== true;
    return { state, weights: await model.stateDict(), optimizer: await optimizer.stateDict(), best: isPresent ? null : this.#best };
  }

  /** Takes note of progress, and of the time since the last note. */
  #advance(change: Partial<TrainState>): void {
    const now = this.#settings.clock.now();
    const seconds = (now - this.#mark) / 1000;
    this.#mark = now;
    this.#state = { ...this.#state, ...change, epochSeconds: this.#state.epochSeconds + seconds, seconds: this.#state.seconds + seconds };
  }

  #reportStep(samplesSeen: number, loss: number): void {
    const { progress } = this.#options;
    if (progress?.step === undefined) return;
    const { step, epoch, epochSeconds } = this.#state;
    const { batches } = this.#batches;
    const samplesPerSecond = rate(samplesSeen, epochSeconds);
    progress.step({
      step,
      epoch: epoch + 1,
      epochs: this.#epochs(),
      batch: this.#batch,
      batches,
      loss,
      scores: () => this.#tally.scores(),
      samplesPerSecond,
      secondsLeft: this.#secondsLeft(samplesPerSecond),
    });
  }

  #secondsLeft(samplesPerSecond: number): number | null {
    const { plan, seconds, step, epoch, samplesSeen } = this.#state;
    const { unit, amount } = plan.length;
    if (unit === "minutes") return 60 * amount - seconds;
    if (samplesPerSecond === 0) return null;
    if (unit === "steps") return ((amount - step) * this.#settings.batchSize) / samplesPerSecond;
    return ((amount - epoch) * this.#batches.samples - samplesSeen) / samplesPerSecond + (amount - epoch) * this.#validationSeconds;
  }

  #learningRate(): number {
    const { schedule, optimizer } = this.#settings;
    if (schedule === null) return optimizer.learningRate;
    const { step, plan, history } = this.#state;
    const totalSteps = plan.scheduleSteps;
    const held = totalSteps === null ? step : Math.min(step, totalSteps);
    return schedule({ step: held, totalSteps, stepsPerEpoch: this.#batches.batches, history });
  }

  #epochs(): number | null {
    const { unit, amount } = this.#state.plan.length;
    return unit === "epochs" ? amount : null;
  }

  get #monitor(): { readonly metric: string; readonly goal: "min" | "max" } {
    return this.#options.monitor ?? { metric: "loss", goal: "min" };
  }

  get #saveEvery(): Epochs | Steps {
    return this.#options.saveEvery ?? epochs(1);
  }

  #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  async #turnHost(): Promise<void> {
    if (this.#settings.clock.now() - this.#turned < 20) return;
    await hostTurn();
    this.#turned = this.#settings.clock.now();
  }
}

function rate(samples: number, seconds: number): number {
  return seconds > 0 ? samples / seconds : 0;
}
