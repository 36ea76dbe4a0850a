import type { Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { lstm } from "./recurrence.ts";
import { Recurrent, type RecurrentOptions } from "./recurrent.ts";
import type { HiddenOptions, HiddenSequence } from "./rnn.ts";

export interface LSTMOptions extends HiddenOptions {
  /** The cells to begin with, [layers * directions, batch, hidden]; zeros when left out. */
  readonly cell?: Tensor;
}

export interface LSTMSequence extends HiddenSequence {
  /** Each layer's and direction's cells after its last step, [layers * directions, batch, hidden]. */
  readonly cell: Tensor;
}

/**
 * Long short-term memory:
 *
 * - i = sigmoid(W_ii x + b_ii + W_hi h + b_hi), f, o likewise; g = tanh(W_ig x + b_ig + W_hg h + b_hg)
 * - c' = f * c + i * g, h' = o * tanh(c')
 *
 * Weights hold the rows of i, f, g and o in this order. Shapes as for `RNN`.
 * Source: Hochreiter and Schmidhuber, 1997; Gers et al., 2000.
 *
 * Example: `const { output, hidden, cell } = new LSTM(8, 16, { numLayers: 2, batchFirst: true }).forward(x);`
 *
 * A long sequence is trained in windows, each beginning with the state the one before ended with, and gradients stopping
 * between them (truncated backpropagation through time):
 * `lstm.forward(next, { hidden: stopGradient(hidden), cell: stopGradient(cell) })`. In a compiled step, keep the state in
 * `State` cells that the step assigns: no gradient flows through a cell.
 *
 * @throws ArgumentError for sizes or a probability out of range; ShapeError for inputs, states or lengths that do not fit.
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(lstm, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, { hidden, cell, ...options }: LSTMOptions = {}, ctx: Context = EVAL): LSTMSequence {
    const { output, states } = this.read(x, [hidden, cell], options, ctx);
    return { output, hidden: states[0] ?? output, cell: states[1] ?? output };
  }
}
