import type { Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { gru } from "./recurrence.ts";
import { Recurrent, type RecurrentOptions } from "./recurrent.ts";
import type { HiddenOptions, HiddenSequence } from "./rnn.ts";

/**
 * Gated recurrent units, with the reset gate behind the product as in PyTorch and cuDNN:
 *
 * - r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
 * - n = tanh(W_in x + b_in + r * (W_hn h + b_hn)), h' = (1 - z) * n + z * h
 *
 * Weights hold the rows of r, z and n in this order. Shapes as for `RNN`. Source: Cho et al., 2014.
 *
 * Example: `const { output, hidden } = new GRU(8, 16, { bidirectional: true }).forward(x, { lengths: [5, 3] });`
 *
 * @throws ArgumentError for sizes or a probability out of range; ShapeError for inputs, states or lengths that do not fit.
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(gru, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, { hidden, ...options }: HiddenOptions = {}, ctx: Context = EVAL): HiddenSequence {
    const { output, states } = this.read(x, [hidden], options, ctx);
    return { output, hidden: states[0] ?? output };
  }
}
