import type { Batch, LoadedBatch } from "@gradus/data";
import { compile } from "@gradus/compile";
import { type Context, EVAL, type Module, training } from "@gradus/nn";
import {
  add,
  ArgumentError,
  autocast,
  cast,
  div,
  fromHost,
  full,
  type HostData,
  type HostTensor,
  isFinite,
  mean,
  mul,
  NumericError,
  ones,
  pendingStates,
  stream,
  sum,
  tensor,
  type Tensor,
  where,
} from "@gradus/tensor";
import type { Metric } from "./metric/metric.ts";
import { findNonFinite } from "./non-finite.ts";
import type { Precision } from "./state/train-state.ts";
import type { TrainOptimizer } from "./optimizer.ts";

/** A batch's arrays by name, in the graph. */
export type TensorBatch = Readonly<Record<string, Tensor>>;

/** A loss and its gradients by parameter path. */
export interface LossGradients {
  readonly loss: Tensor;
  readonly grads: ReadonlyMap<string, Tensor>;
}

/** What is trained, and towards what. */
export interface Task {
  readonly model: Module;
  readonly optimizer: TrainOptimizer;
  predict(this: void, batch: TensorBatch, context: Context): Tensor;
  /** Each sample's loss [b], or their mean. */
  loss(this: void, output: Tensor, batch: TensorBatch): Tensor;
  /** The loss at the parameters and the gradients to follow; may evaluate the loss more than once. */
  gradients(this: void, model: Module, loss: () => Tensor): LossGradients;
  readonly metrics: readonly Metric[];
  readonly precision: Precision;
}

/** A batch as the model saw it. */
interface Forward {
  readonly loss: Tensor;
  readonly output: Tensor;
  readonly weight: Tensor;
}

/** A batch's loss and each metric's sums. */
export interface StepOutcome {
  readonly loss: number;
  /** False if the loss or a gradient was not finite; parameters, slots and buffers are then as they were. */
  readonly finite: boolean;
  readonly sums: readonly (readonly HostData[])[];
}

/** The compiled training step and evaluation of a task. */
export class TaskSteps {
  readonly #task: Task;
  readonly #train;
  readonly #evaluate;

  constructor(task: Task) {
    this.#task = task;
    this.#train = compile((batch: TensorBatch, key: Tensor, scale: Tensor) => this.#update(batch, key, scale));
    this.#evaluate = compile((batch: TensorBatch) => {
      const { loss, output, weight } = this.#forward(batch, EVAL);
      return { loss, sums: this.#sums({ output, batch, weight, loss }) };
    });
  }

  /** Updates the model with one batch. `key` is the step's random key, `scale` what the loss is multiplied by in mixed precision. */
  async train(batch: LoadedBatch<Batch>, key: HostTensor, scale: number): Promise<StepOutcome> {
    const { loss, checked, sums } = this.#train(arraysOf(batch), key, scale);
    return { loss: await loss.item(), finite: Number.isFinite(await checked.item()), sums: await read(sums) };
  }

  /** Scores one batch in evaluation mode. */
  async evaluate(batch: LoadedBatch<Batch>): Promise<Omit<StepOutcome, "finite">> {
    const { loss, sums } = this.#evaluate(arraysOf(batch));
    return { loss: await loss.item(), sums: await read(sums) };
  }

  /** Repeats a step that was not finite, op by op, on the state it left untouched, and says where it began. */
  async explain(
    batch: LoadedBatch<Batch>,
    key: HostTensor,
    { step, epoch, scale }: { readonly step: number; readonly epoch: number; readonly scale: number },
  ): Promise<NumericError> {
    const tensors = Object.fromEntries(Object.entries(arraysOf(batch)).map(([name, array]) => [name, tensorOf(array)]));
    const { loss, grads } = this.#gradients(tensors, tensorOf(key), tensor(scale));
    for (const state of new Set(pendingStates)) state.discard();
    const inLoss = await findNonFinite([loss]);
    const found = inLoss ?? (await findNonFinite([...grads.values()]));
    const what = inLoss === null ? `the gradients of step ${step} are not finite` : `the loss of step ${step} is ${await loss.item()}`;
    const facts = { step, epoch: epoch + 1, batch: describe(batch) };
    const hint = "lower the learning rate, or look at the data; parameters are as they were before this step";
    if (found === null) return new NumericError("train/non-finite", `${what}: their sum overflows`, { subject: "fit", facts, hint });
    const name = Object.entries(arraysOf(batch)).find(([, { data }]) => !data.every(Number.isFinite))?.[0];
    const origin =
      found.op === null
        ? `${name ?? found.tensor} was ${found.value} to begin with`
        : `${found.op} was the first to make ${found.value}, in ${found.count} of the values of its ${found.tensor}`;
    const inputs = found.inputs.length === 0 ? {} : { read: found.inputs.join(", ") };
    return new NumericError("train/non-finite", `${what}: ${origin}`, {
      subject: "fit",
      facts: { ...facts, ...inputs },
      hint,
    });
  }

  #update(batch: TensorBatch, key: Tensor, scale: Tensor): { loss: Tensor; checked: Tensor; sums: readonly (readonly Tensor[])[] } {
    const { loss, grads, output, weight } = this.#gradients(batch, key, scale);
    // NaN or infinity anywhere in a gradient survives the sum.
    const total = [...grads.values()].map((gradient) => sum(gradient)).reduce((a, b) => add(a, b), loss);
    const healthy = isFinite(total);
    const checked = where(healthy, loss, full([], Number.NaN));
    const { model, optimizer } = this.#task;
    optimizer.apply(model, grads, { loss: checked });
    for (const [, buffer] of model.buffers()) if (buffer.pending !== null) buffer.assign(where(healthy, buffer.pending, buffer.leaf()));
    return { loss, checked, sums: this.#sums({ output, batch, weight, loss }) };
  }

  #gradients(batch: TensorBatch, key: Tensor, scale: Tensor): Forward & LossGradients {
    const { model, gradients, precision } = this.#task;
    const halves = precision === "f16";
    const forwards: Forward[] = [];
    const { loss, grads } = gradients(model, () => {
      const forward = this.#forward(batch, training(key), halves);
      forwards.push(forward);
      return halves ? mul(forward.loss, scale) : forward.loss;
    });
    const [first = this.#forward(batch, training(key), halves)] = forwards;
    if (!halves) return { ...first, loss, grads };
    const unscale = div(1, scale);
    return { ...first, loss: mul(loss, unscale), grads: new Map([...grads].map(([path, gradient]) => [path, mul(gradient, unscale)])) };
  }

  #forward(batch: TensorBatch, context: Context, halves = false): Forward {
    const predict = (): Tensor => this.#task.predict(batch, context);
    // Losses and metrics are float32's.
    const output = halves ? cast(autocast(predict), "float32") : predict();
    const losses = this.#task.loss(output, batch);
    const { mask } = batch;
    const weight = mask ?? ones([output.shape[0] ?? 1]);
    if (losses.rank === 0) {
      if (mask === undefined) return { loss: losses, output, weight };
      throw new ArgumentError("train/masked-mean", "a filled-up last batch needs each sample's loss, and this loss is one number", {
        subject: "fit",
        hint: 'return the losses one by one (reduction "none"), or choose another lastBatch',
      });
    }
    return { loss: mask === undefined ? mean(losses) : div(sum(mul(losses, mask)), sum(mask)), output, weight };
  }

  #sums(scored: Parameters<Metric["update"]>[0]): readonly (readonly Tensor[])[] {
    return this.#task.metrics.map((metric) => metric.update(scored));
  }
}

/** The random key of a step: a pure function of seed and step, so resuming replays nothing. */
export function stepKey(seed: number, step: number): HostTensor {
  return { dtype: "int32", shape: [2], data: Int32Array.from(stream(seed, `dropout/${step}`).words) };
}

function arraysOf(batch: LoadedBatch<Batch>): Readonly<Record<string, HostTensor>> {
  const { size: _size, samplesSeen: _seen, ...arrays } = batch;
  return arrays;
}

function tensorOf({ shape, dtype, data }: HostTensor): Tensor {
  return fromHost(shape, dtype, data);
}

function describe(batch: LoadedBatch<Batch>): string {
  return Object.entries(arraysOf(batch))
    .map(([name, { dtype, shape }]) => `${name} ${dtype}[${shape.join(", ")}]`)
    .join(", ");
}

async function read(sums: readonly (readonly Tensor[])[]): Promise<readonly (readonly HostData[])[]> {
  const values: HostData[][] = [];
  for (const tensors of sums) {
    const data: HostData[] = [];
    for (const tensor of tensors) data.push(await tensor.data());
    values.push(data);
  }
  return values;
}
