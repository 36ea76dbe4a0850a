import {
  ArgumentError,
  concat,
  less,
  arange,
  permute,
  reshape,
  scan,
  select,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
  squeeze,
  stack,
  tensor,
  Tensor,
  unsqueeze,
  where,
  zeros,
} from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import type { Param } from "../../param.ts";
import { Dropout } from "../noise/dropout.ts";
import { inputProduct, nextState, type Recurrence, type RecurrentState, type RecurrentWeights, recurrentWeights } from "./recurrence.ts";

export interface RecurrentOptions {
  /** Layers one above the other; 1 when left out. */
  readonly numLayers?: number;
  /** Whether there are biases; true when left out. */
  readonly bias?: boolean;
  /** Whether sequences lie as [batch, time, ...] instead of [time, batch, ...]; false when left out. States never do. */
  readonly batchFirst?: boolean;
  /** Probability of dropping a value between layers in training; 0 when left out. */
  readonly dropout?: number;
  /** Whether each layer also reads from the end to the beginning; false when left out. */
  readonly bidirectional?: boolean;
}

export interface SequenceOptions {
  /** How many steps of each sequence count, [batch], from 0 to the time; all when left out. */
  readonly lengths?: Tensor | readonly number[];
}

/** What a recurrent layer made of a sequence; the states are [layers * directions, batch, hidden]. */
interface Read {
  readonly output: Tensor;
  readonly states: readonly Tensor[];
}

/**
 * Recurrent layers one above the other, in one direction or both. All of a layer's products with its input are one
 * matrix product, made before the steps.
 *
 * Parameters have PyTorch's names: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, and with `_reverse` those of the way back.
 *
 * @throws ArgumentError if a size or the number of layers is not a positive whole number, or `dropout` is no probability.
 */
export abstract class Recurrent extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly batchFirst: boolean;
  /** Between layers: one less than there are layers. */
  readonly dropouts: readonly Dropout[];
  readonly #recurrence: Recurrence;
  /** For each layer, the weights of each direction. */
  readonly #weights: readonly (readonly RecurrentWeights[])[];

  constructor(
    recurrence: Recurrence,
    inputSize: number,
    hiddenSize: number,
    { numLayers = 1, bias = true, batchFirst = false, dropout = 0, bidirectional = false }: RecurrentOptions,
  ) {
    super();
    for (const [name, value] of Object.entries({ inputSize, hiddenSize, numLayers })) {
      if (Number.isInteger(value) && value > 0) continue;
      throw new ArgumentError("argument/recurrent-size", `${name} must be a positive whole number, and is ${value}`, {
        subject: this.constructor.name,
      });
    }
    const directions = bidirectional ? 2 : 1;
    this.#recurrence = recurrence;
    this.#weights = Array.from({ length: numLayers }, (_, layer) =>
      Array.from({ length: directions }, () =>
        recurrentWeights(recurrence, layer === 0 ? inputSize : directions * hiddenSize, hiddenSize, bias),
      ),
    );
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.batchFirst = batchFirst;
    this.dropouts = Array.from({ length: dropout === 0 ? 0 : numLayers - 1 }, () => new Dropout(dropout));
  }

  override fields(): Iterable<readonly [name: string, value: unknown]> {
    const named = this.#weights.flatMap((directions, layer) =>
      directions.flatMap((weights, direction) =>
        Object.entries(weights).map(([name, value]: [string, Param | null]) => [nameOf(name, layer, direction), value] as const),
      ),
    );
    return [...named, ["dropouts", this.dropouts]];
  }

  override diagnose(x: unknown): string | null {
    const given = x instanceof Tensor ? x.shape.at(-1) : this.inputSize;
    return given === this.inputSize ? null : `expects ${this.inputSize} inputs but receives ${given ?? "a scalar"}`;
  }

  override facts(input: Shape): LayerFacts {
    const steps = sizeOf(input) / this.inputSize;
    const all = this.#weights.flat();
    const multiplyAccumulates = steps * all.reduce((sum, { weight_ih, weight_hh }) => sum + weight_ih.size + weight_hh.size, 0);
    const biases = steps * all.reduce((sum, { bias_ih, bias_hh }) => sum + (bias_ih?.size ?? 0) + (bias_hh?.size ?? 0), 0);
    return { multiplyAccumulates, connections: multiplyAccumulates + biases, window: "all" };
  }

  /** Reads sequences [time, batch, inputs] ([batch, time, inputs] if `batchFirst`), or one of [time, inputs]. */
  protected read(x: Tensor, initial: readonly (Tensor | undefined)[], { lengths }: SequenceOptions, ctx: Context = EVAL): Read {
    if (x.rank !== 2 && x.rank !== 3) {
      throw new ShapeError("shape/sequence", `a sequence has 2 axes and a batch of them 3, not ${x.rank}`, {
        subject: this.constructor.name,
        facts: { x: String(x) },
      });
    }
    if (x.rank === 2) {
      const { output, states } = this.#readBatch(
        unsqueeze(x, 1),
        initial.map((state) => state && unsqueeze(state, 1)),
        lengths,
        ctx,
      );
      return { output: squeeze(output, 1), states: states.map((state) => squeeze(state, 1)) };
    }
    if (!this.batchFirst) return this.#readBatch(x, initial, lengths, ctx);
    const { output, states } = this.#readBatch(permute(x, [1, 0, 2]), initial, lengths, ctx);
    return { output: permute(output, [1, 0, 2]), states };
  }

  #readBatch(x: Tensor, initial: readonly (Tensor | undefined)[], lengths: SequenceOptions["lengths"], ctx: Context): Read {
    const [time = 0, batch = 0] = x.shape;
    const directions = this.#weights[0]?.length ?? 1;
    const shape = [this.#weights.length * directions, batch, this.hiddenSize];
    for (const state of initial) if (state !== undefined) this.#requireState(state, shape);
    const present = lengths === undefined ? null : this.#presence(lengths, time, batch);
    const last: RecurrentState[] = [];
    let sequence = x;
    this.#weights.forEach((both, layer) => {
      const read = both.map((weights, direction) => {
        const start = initial.map((state) => (state === undefined ? zeros([batch, this.hiddenSize]) : select(state, 0, last.length)));
        const { state, ys } = this.#readOneWay(weights, sequence, start, present, direction === 1);
        last.push(state);
        return ys;
      });
      const joined = concat(read, { axis: -1 });
      sequence = this.dropouts[layer]?.forward(joined, ctx) ?? joined;
    });
    return { output: sequence, states: initial.map((_, part) => stack(last.map((state) => state[part] ?? state[0]))) };
  }

  #readOneWay(
    weights: RecurrentWeights,
    x: Tensor,
    [hidden = x, ...others]: readonly Tensor[],
    present: Tensor | null,
    reverse: boolean,
  ): { readonly state: RecurrentState; readonly ys: Tensor } {
    const recurrence = this.#recurrence;
    const fromInput = inputProduct(recurrence, weights, x);
    const start: RecurrentState = [hidden, ...others];
    if (present === null) {
      const step = (state: RecurrentState, row: Tensor): readonly [RecurrentState, Tensor] => {
        const next = nextState(recurrence, weights, row, state);
        return [next, next[0]];
      };
      return scan(step, start, fromInput, { reverse });
    }
    const step = (state: RecurrentState, [row, here]: readonly [Tensor, Tensor]): readonly [RecurrentState, Tensor] => {
      const next = nextState(recurrence, weights, row, state);
      const [hidden, ...others] = next.map((value, part) => where(here, value, state[part] ?? value));
      return [[hidden ?? next[0], ...others], where(here, next[0], 0)];
    };
    return scan(step, start, [fromInput, present] as const, { reverse });
  }

  /** Whether each step counts: bool[time, batch, 1]. */
  #presence(lengths: Tensor | readonly number[], time: number, batch: number): Tensor {
    const values = lengths instanceof Tensor ? lengths : tensor(Int32Array.from(lengths));
    const wrong =
      lengths instanceof Tensor ? undefined : lengths.find((length) => !(Number.isInteger(length) && length >= 0 && length <= time));
    if (!sameShape(values.shape, [batch]) || wrong !== undefined) {
      throw new ShapeError("shape/lengths", `needs a length of 0 to ${time} for each of ${batch} sequences`, {
        subject: this.constructor.name,
        facts: { lengths: lengths instanceof Tensor ? String(lengths) : lengths },
      });
    }
    return less(reshape(arange(time), [time, 1, 1]), reshape(values, [1, batch, 1]));
  }

  #requireState(state: Tensor, shape: Shape): void {
    if (sameShape(state.shape, shape)) return;
    throw new ShapeError("shape/recurrent-state", `a state must be [layers * directions, batch, hidden], here [${shape.join(", ")}]`, {
      subject: this.constructor.name,
      facts: { state: String(state) },
    });
  }
}

function nameOf(weight: string, layer: number, direction: number): string {
  return `${weight}_l${layer}${direction === 1 ? "_reverse" : ""}`;
}
