import { add, matmul, mul, relu, reshape, sigmoid, split, sub, tanh, type Tensor } from "@gradus/tensor";
import { uniform } from "../../init/plain.ts";
import { Param } from "../../param.ts";
import { within } from "../linear.ts";

/** What goes from step to step: the hidden state [batch, hidden] first, then what else a cell keeps. */
export type RecurrentState = readonly [hidden: Tensor, ...others: Tensor[]];

/** The arithmetic of one kind of recurrent cell. */
export interface Recurrence {
  /** Rows of the weights for each hidden unit. */
  readonly gates: number;
  /** Tensors in the state. */
  readonly states: 1 | 2;
  /** Whether the next state depends on the two products by their sum alone, so that both biases may be added to one. */
  readonly summed: boolean;
  /** The next state, from the products of input and hidden state with their weights, each [batch, gates * hidden]. */
  readonly next: (fromInput: Tensor, fromHidden: Tensor, state: RecurrentState) => RecurrentState;
}

export type RnnNonlinearity = "tanh" | "relu";

/** h' = tanh(from input + from hidden), or relu of it. */
export function elman(nonlinearity: RnnNonlinearity): Recurrence {
  const activation = nonlinearity === "relu" ? relu : tanh;
  return { gates: 1, states: 1, summed: true, next: (fromInput, fromHidden) => [activation(add(fromHidden, fromInput))] };
}

/** Gates i, f, g, o: c' = f * c + i * g; h' = o * tanh(c'). */
export const lstm: Recurrence = {
  gates: 4,
  states: 2,
  summed: true,
  next: (fromInput, fromHidden, [hidden, cell = hidden]) => {
    const [input, forget, candidate, output] = gatesOf(add(fromHidden, fromInput), 4);
    const next = add(mul(sigmoid(forget), cell), mul(sigmoid(input), tanh(candidate)));
    return [mul(sigmoid(output), tanh(next)), next];
  },
};

/** Gates r, z, n: n = tanh(from input + r * from hidden); h' = (1 - z) * n + z * h. */
export const gru: Recurrence = {
  gates: 3,
  states: 1,
  summed: false,
  next: (fromInput, fromHidden, [hidden]) => {
    const [inputReset, inputUpdate, inputCandidate] = gatesOf(fromInput, 3);
    const [hiddenReset, hiddenUpdate, hiddenCandidate] = gatesOf(fromHidden, 3);
    const reset = sigmoid(add(inputReset, hiddenReset));
    const update = sigmoid(add(inputUpdate, hiddenUpdate));
    const candidate = tanh(add(inputCandidate, mul(reset, hiddenCandidate)));
    return [add(candidate, mul(update, sub(hidden, candidate)))];
  },
};

/** The weights of one cell, under PyTorch's names. */
export interface RecurrentWeights {
  readonly weight_ih: Param;
  readonly weight_hh: Param;
  readonly bias_ih: Param | null;
  readonly bias_hh: Param | null;
}

/** Weights [gates * hidden, inputs] and [gates * hidden, hidden], and two biases: uniform in ±1 / sqrt(hidden). */
export function recurrentWeights({ gates }: Recurrence, inputs: number, hidden: number, bias: boolean): RecurrentWeights {
  const initialiser = uniform(within(1 / Math.sqrt(hidden)));
  const make = (...columns: number[]): Param => new Param([gates * hidden, ...columns], initialiser);
  return {
    weight_ih: make(inputs),
    weight_hh: make(hidden),
    bias_ih: bias ? make() : null,
    bias_hh: bias ? make() : null,
  };
}

/** x W_ihᵀ with the biases that belong to it, of all rows at once. Shapes: `x` [..., inputs], result [..., gates * hidden]. */
export function inputProduct({ summed }: Recurrence, { weight_ih, bias_ih, bias_hh }: RecurrentWeights, x: Tensor): Tensor {
  const rows = reshape(x, [x.size / (x.shape.at(-1) ?? 1), x.shape.at(-1) ?? 1]);
  const product = matmul(rows, weight_ih, { transposeB: true });
  const bias = bias_ih === null || bias_hh === null ? null : summed ? add(bias_ih, bias_hh) : bias_ih;
  return reshape(bias === null ? product : add(product, bias), [...x.shape.slice(0, -1), product.shape.at(-1) ?? 1]);
}

/** The next state of one cell, from the product of `inputProduct`. */
export function nextState(
  recurrence: Recurrence,
  { weight_hh, bias_hh }: RecurrentWeights,
  fromInput: Tensor,
  state: RecurrentState,
): RecurrentState {
  const product = matmul(state[0], weight_hh, { transposeB: true });
  return recurrence.next(fromInput, recurrence.summed || bias_hh === null ? product : add(product, bias_hh), state);
}

type Gates = readonly [Tensor, Tensor, Tensor, Tensor];

/** The parts of [batch, count * hidden]; what is asked for beyond `count` is the last. */
function gatesOf(x: Tensor, count: number): Gates {
  const parts = split(x, (x.shape.at(-1) ?? 0) / count, { axis: -1 });
  const at = (index: number): Tensor => parts[Math.min(index, parts.length - 1)] ?? x;
  return [at(0), at(1), at(2), at(3)];
}
