import { flatten, tanh, type Tensor } from "@gradus/tensor";
import { bind, ConnectedConv2d, type ConnectionTable, type Context, Conv2d, EVAL, Linear, Module } from "@gradus/nn";
import { paddingTo32 } from "./lenet5.ts";
import { Subsampling } from "./subsampling.ts";

export interface LeNet5SparseOptions {
  /** Height and width of the images: 28 (the default; padded to 32) or 32. */
  readonly inputSize?: 28 | 32;
  /** 10 when left out. */
  readonly classes?: number;
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/** Which maps of S2 each map of C3 reads: Table I of LeCun et al., 1998. 60 connections of 5x5 weights, and 16 biases. */
export const connectionsOfC3: ConnectionTable = [
  [0, 1, 2],
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [0, 4, 5],
  [0, 1, 5],
  [0, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [0, 3, 4, 5],
  [0, 1, 4, 5],
  [0, 1, 2, 5],
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/**
 * LeNet-5 with the connections of 1998: C3 reads the maps of Table I (1,516 parameters, 151,600 connections), and the
 * subsampling layers have a trainable coefficient and bias for each map. C1 to F6 have the paper's 60,000 parameters
 * and 340,068 connections.
 *
 * Not as in the paper: the squashing function is tanh, not 1.7159 tanh(2/3 x); the output layer is an affine map
 * for use with cross-entropy, not distances to fixed bitmaps; first weights are PyTorch's.
 *
 * Takes images [n, 1, size, size], gives logits [n, classes].
 * Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998, section II.B.
 *
 * @throws ArgumentError for another input size.
 */
export function lenet5Sparse({ seed = 0, ...options }: LeNet5SparseOptions = {}): LeNet5Sparse {
  return bind(new LeNet5Sparse(options), seed);
}

/** Layers have the paper's names. */
export class LeNet5Sparse extends Module {
  readonly c1: Conv2d;
  readonly s2 = new Subsampling(6);
  readonly c3 = new ConnectedConv2d(6, connectionsOfC3, { kernel: 5 });
  readonly s4 = new Subsampling(16);
  readonly c5 = new Conv2d(16, 120, { kernel: 5 });
  readonly f6 = new Linear(120, 84);
  readonly output: Linear;

  constructor({ inputSize = 28, classes = 10 }: Omit<LeNet5SparseOptions, "seed"> = {}) {
    super();
    this.c1 = new Conv2d(1, 6, { kernel: 5, padding: paddingTo32(inputSize) });
    this.output = new Linear(84, classes);
  }

  override forward(x: Tensor, _ctx: Context = EVAL): Tensor {
    const s2 = tanh(this.s2.forward(tanh(this.c1.forward(x))));
    const s4 = tanh(this.s4.forward(tanh(this.c3.forward(s2))));
    const c5 = flatten(tanh(this.c5.forward(s4)));
    return this.output.forward(tanh(this.f6.forward(c5)));
  }
}
