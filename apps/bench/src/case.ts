/** What one call of a case does, and how its speed is written. */
export type Work = { readonly unit: "GFLOP/s"; readonly operations: number } | { readonly unit: "images/s"; readonly images: number };

interface Common {
  readonly name: string;
  readonly work: Work;
  /** How far an output may lie from ours, as a share of the output's largest magnitude. */
  readonly tolerance: number;
}

/** c [m, n] = a [m, k] b [k, n]. */
export interface MatmulCase extends Common {
  readonly kind: "matmul";
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A square convolution of stride 1, or one of its gradients: x [n, c, size, size], weight [o, c, kernel, kernel]. */
export interface ConvolutionCase extends Common {
  readonly kind: "conv2d";
  readonly pass: "forward" | "inputGradient" | "weightGradient";
  readonly n: number;
  readonly c: number;
  readonly size: number;
  readonly o: number;
  readonly kernel: number;
  readonly padding: number;
}

/**
 * A model's forward pass, or a whole training step: forward, mean cross-entropy, backward, SGD with momentum.
 * Its output is the logits, or the losses of the first two steps and the parameters after them.
 */
export interface ModelCase extends Common {
  readonly kind: "model";
  readonly model: ModelName;
  readonly pass: "forward" | "training";
  readonly batch: number;
  readonly layers: readonly LayerStep[];
  readonly learningRate: number;
  readonly momentum: number;
}

export type ModelName = "lenet5" | "lenetCaffe";

/** One layer, said so that any library can build it; `name` is the prefix of its weight and bias. */
export type LayerStep =
  | { readonly kind: "conv"; readonly name: string; readonly padding: number }
  | { readonly kind: "pool"; readonly mode: "average" | "max" }
  | { readonly kind: "activation"; readonly function: "relu" | "tanh" }
  | { readonly kind: "flatten" }
  | { readonly kind: "linear"; readonly name: string };

export type BenchCase = MatmulCase | ConvolutionCase | ModelCase;

/** Work done in `milliseconds`, in the work's own unit. */
export function speed(work: Work, milliseconds: number): number {
  return work.unit === "GFLOP/s" ? work.operations / milliseconds / 1e6 : (work.images * 1e3) / milliseconds;
}
