/** The activation that follows a weight. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/**
 * The factor that keeps the variance of a signal through an activation, as `torch.nn.init.calculate_gain` has it:
 * 1 for linear and sigmoid, 5/3 for tanh, sqrt(2) for relu, sqrt(2 / (1 + slope^2)) for leakyRelu, 3/4 for selu.
 */
export function gain(nonlinearity: Nonlinearity, { slope = 0.01 }: { readonly slope?: number } = {}): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "selu":
      return 3 / 4;
  }
  nonlinearity satisfies never;
}
