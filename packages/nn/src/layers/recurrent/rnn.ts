import type { Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { elman, type RnnNonlinearity } from "./recurrence.ts";
import { Recurrent, type RecurrentOptions, type SequenceOptions } from "./recurrent.ts";

export interface RNNOptions extends RecurrentOptions {
  /** "tanh" when left out. */
  readonly nonlinearity?: RnnNonlinearity;
}

export interface HiddenOptions extends SequenceOptions {
  /** The state to begin with, [layers * directions, batch, hidden]; zeros when left out. */
  readonly hidden?: Tensor;
}

export interface HiddenSequence {
  /** The last layer's hidden states of every step, [time, batch, directions * hidden]; zeros beyond a sequence's length. */
  readonly output: Tensor;
  /** Each layer's and direction's hidden state after its last step, [layers * directions, batch, hidden]. */
  readonly hidden: Tensor;
}

/**
 * Simple recurrent layers: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu of it.
 *
 * Shapes: `x` [time, batch, inputs], [batch, time, inputs] with `batchFirst`, or one sequence [time, inputs]; the output
 * likewise with directions * hidden values. Source: Elman, 1990.
 *
 * Example: `const { output, hidden } = new RNN(8, 16).forward(x);`
 *
 * @throws ArgumentError for sizes or a probability out of range; ShapeError for inputs, states or lengths that do not fit.
 */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, { nonlinearity = "tanh", ...options }: RNNOptions = {}) {
    super(elman(nonlinearity), inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, { hidden, ...options }: HiddenOptions = {}, ctx: Context = EVAL): HiddenSequence {
    const { output, states } = this.read(x, [hidden], options, ctx);
    return { output, hidden: states[0] ?? output };
  }
}
