import { type Shape, sizeOf, Tensor, zeros } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import {
  elman,
  gru,
  inputProduct,
  lstm,
  nextState,
  type Recurrence,
  type RecurrentState,
  type RecurrentWeights,
  recurrentWeights,
  type RnnNonlinearity,
} from "./recurrence.ts";

export interface CellOptions {
  /** Whether there are biases; true when left out. */
  readonly bias?: boolean;
}

/** One step of a recurrence as a layer; parameters have PyTorch's names: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`. */
abstract class Cell extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly #recurrence: Recurrence;
  readonly #weights: RecurrentWeights;

  constructor(recurrence: Recurrence, inputSize: number, hiddenSize: number, { bias = true }: CellOptions) {
    super();
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.#recurrence = recurrence;
    this.#weights = recurrentWeights(recurrence, inputSize, hiddenSize, bias);
  }

  override fields(): Iterable<readonly [name: string, value: unknown]> {
    return Object.entries(this.#weights);
  }

  override diagnose(x: unknown): string | null {
    const given = x instanceof Tensor ? x.shape.at(-1) : this.inputSize;
    return given === this.inputSize ? null : `expects ${this.inputSize} inputs but receives ${given ?? "a scalar"}`;
  }

  override facts(input: Shape): LayerFacts {
    const rows = sizeOf(input) / this.inputSize;
    const { weight_ih, weight_hh, bias_ih, bias_hh } = this.#weights;
    const multiplyAccumulates = rows * (weight_ih.size + weight_hh.size);
    return { multiplyAccumulates, connections: multiplyAccumulates + rows * ((bias_ih?.size ?? 0) + (bias_hh?.size ?? 0)), window: "all" };
  }

  protected step(x: Tensor, given: readonly (Tensor | undefined)[]): RecurrentState {
    const fromInput = inputProduct(this.#recurrence, this.#weights, x);
    const empty = (): Tensor => zeros([...x.shape.slice(0, -1), this.hiddenSize]);
    const [hidden = empty(), ...others] = given;
    return nextState(this.#recurrence, this.#weights, fromInput, [hidden, ...others.map((state) => state ?? empty())]);
  }
}

export interface RNNCellOptions extends CellOptions {
  /** "tanh" when left out. */
  readonly nonlinearity?: RnnNonlinearity;
}

/**
 * One step of `RNN`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu of it.
 *
 * Shapes: `x` [batch, inputs], `hidden` and the result [batch, hidden]. The hidden state is zeros when left out.
 *
 * @throws ShapeError if the inputs do not fit.
 */
export class RNNCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, { nonlinearity = "tanh", ...options }: RNNCellOptions = {}) {
    super(elman(nonlinearity), inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, hidden?: Tensor, _: Context = EVAL): Tensor {
    return this.step(x, [hidden])[0];
  }
}

/**
 * One step of `GRU`, with the gates r, z, n.
 *
 * Shapes: `x` [batch, inputs], `hidden` and the result [batch, hidden]. The hidden state is zeros when left out.
 *
 * @throws ShapeError if the inputs do not fit.
 */
export class GRUCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(gru, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, hidden?: Tensor, _: Context = EVAL): Tensor {
    return this.step(x, [hidden])[0];
  }
}

/** What goes from one step of an LSTM to the next, each [batch, hidden]. */
export interface LSTMCellState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/**
 * One step of `LSTM`, with the gates i, f, g, o.
 *
 * Shapes: `x` [batch, inputs], hidden state and cells [batch, hidden]. The state is zeros when left out.
 *
 * @throws ShapeError if the inputs do not fit.
 */
export class LSTMCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(lstm, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, state?: LSTMCellState, _: Context = EVAL): LSTMCellState {
    const [hidden, cell = hidden] = this.step(x, [state?.hidden, state?.cell]);
    return { hidden, cell };
  }
}
