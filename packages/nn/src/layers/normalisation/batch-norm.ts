import {
  add,
  ArgumentError,
  batchNorm,
  channelStatistics,
  type ChannelStatistics,
  div,
  mul,
  type Operand,
  ShapeError,
  State,
  stopGradient,
  sub,
  Tensor,
} from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { ones, zeros } from "../../init/plain.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";

export interface BatchNormLayerOptions {
  /** Added to the variance; 1e-5 when left out. */
  readonly epsilon?: number;
  /** Share of each batch in the running statistics, 0.1 when left out; null for the plain mean of all batches. */
  readonly momentum?: number | null;
  /** Whether there are a weight and a bias; true when left out. */
  readonly affine?: boolean;
  /** Whether to keep running statistics; true when left out. Without them every batch is standardised by its own, in evaluation too. */
  readonly trackRunningStats?: boolean;
}

/**
 * Standardises each channel: in training over the batch and all places, in evaluation by running statistics, which are
 * buffers named as in PyTorch. They follow the batches when a training step is carried out:
 * running = (1 - momentum) * running + momentum * batch, the variance with n - 1 below.
 * Source: Ioffe and Szegedy, 2015.
 *
 * @throws ArgumentError in training over one value for each channel, whose variance is 0; ShapeError for another rank.
 */
abstract class BatchNorm extends Module {
  readonly weight: Param | null;
  readonly bias: Param | null;
  // Named as in PyTorch, since the names of fields are the names in checkpoints.
  readonly running_mean: State | null;
  readonly running_var: State | null;
  readonly num_batches_tracked: State | null;
  readonly #channels: number;
  readonly #epsilon: number;
  readonly #momentum: number | null;

  constructor(channels: number, { epsilon = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true }: BatchNormLayerOptions = {}) {
    super();
    if (momentum !== null && !(momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError("argument/momentum", `momentum must lie in 0 .. 1, or be null, and is ${momentum}`, {
        subject: this.constructor.name,
      });
    }
    const shape = [channels];
    const cell = (label: string, value: number): State =>
      new State({ shape, dtype: "float32" }, label, () => new Float32Array(channels).fill(value));
    this.weight = affine ? new Param(shape, ones()) : null;
    this.bias = affine ? new Param(shape, zeros()) : null;
    this.running_mean = trackRunningStats ? cell("running_mean", 0) : null;
    this.running_var = trackRunningStats ? cell("running_var", 1) : null;
    this.num_batches_tracked = trackRunningStats ? new State({ shape: [], dtype: "int32" }, "num_batches_tracked") : null;
    this.#channels = channels;
    this.#epsilon = epsilon;
    this.#momentum = momentum;
  }

  /** The shapes an input may have. */
  protected abstract forms(): readonly string[];

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    this.#checkInput(x);
    const options = { weight: this.weight, bias: this.bias, epsilon: this.#epsilon };
    const { running_mean: mean, running_var: variance } = this;
    if (ctx.mode === "eval" && mean !== null && variance !== null) return batchNorm(x, { ...options, statistics: { mean, variance } });
    const count = x.size / this.#channels;
    if (count <= 1) this.#refuseOneValue(x);
    if (ctx.mode === "train") this.#follow(channelStatistics(x), count);
    return batchNorm(x, options);
  }

  override diagnose(x: unknown): string | null {
    if (!(x instanceof Tensor) || !this.#takes(x) || x.shape[1] === this.#channels) return null;
    return `expects ${this.#channels} channels but receives ${x.shape[1]}`;
  }

  /** Records what the statistics become when the step is carried out. */
  #follow({ mean, variance }: ChannelStatistics, count: number): void {
    const { running_mean: runningMean, running_var: runningVariance, num_batches_tracked: batches } = this;
    if (runningMean === null || runningVariance === null || batches === null) return;
    const seen = add(batches, 1);
    const share = this.#momentum ?? div(1, seen);
    batches.assign(seen);
    runningMean.assign(blended(runningMean, mean, share));
    runningVariance.assign(blended(runningVariance, mul(variance, count / (count - 1)), share));
  }

  #takes(x: Tensor): boolean {
    return this.forms().some((form) => form.split(", ").length === x.rank);
  }

  #checkInput(x: Tensor): void {
    if (this.#takes(x)) return;
    throw new ShapeError("shape/normalisation", `expects ${this.forms().join(" or ")}, not [${x.shape.join(", ")}]`, {
      subject: this.constructor.name,
      facts: { x: String(x) },
    });
  }

  #refuseOneValue(x: Tensor): never {
    throw new ArgumentError(
      "batch-norm/one-value",
      `a batch of [${x.shape.join(", ")}] has one value for each channel, which has no variance`,
      {
        subject: this.constructor.name,
        facts: { x: String(x) },
        hint: 'train with larger batches (lastBatch "drop" or "spread" where only the last is so small), evaluate with EVAL, or use GroupNorm or LayerNorm',
      },
    );
  }
}

/** Batch normalisation of [n, channels] or [n, channels, l]. */
export class BatchNorm1d extends BatchNorm {
  protected override forms(): readonly string[] {
    return ["[n, channels]", "[n, channels, l]"];
  }
}

/** Batch normalisation of images, [n, channels, h, w]. */
export class BatchNorm2d extends BatchNorm {
  protected override forms(): readonly string[] {
    return ["[n, channels, h, w]"];
  }
}

/** Batch normalisation of volumes, [n, channels, d, h, w]. */
export class BatchNorm3d extends BatchNorm {
  protected override forms(): readonly string[] {
    return ["[n, channels, d, h, w]"];
  }
}

function blended(running: Tensor, batch: Tensor, share: Operand): Tensor {
  return add(mul(running, typeof share === "number" ? 1 - share : sub(1, share)), mul(stopGradient(batch), share));
}
