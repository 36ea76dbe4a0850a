import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { pow, square } from "../pointwise/power.ts";
import { pad } from "../view/pad.ts";
import { narrow } from "../view/slice.ts";
import { checkChannels } from "./affine.ts";

export interface LocalResponseNormOptions {
  /** Strength; 1e-4 when left out. Divided by the size, as in PyTorch: AlexNet's 1e-4 over 5 channels is 5e-4 here. */
  readonly alpha?: number;
  /** Exponent; 0.75 when left out. */
  readonly beta?: number;
  /** Keeps the base above 0; 1 when left out, 2 in AlexNet. */
  readonly k?: number;
}

/**
 * Divides each value by a power of what its neighbours in other channels have at the same place:
 * x / (k + alpha / size * Σ x^2)^beta, over `size` channels around it. Source: Krizhevsky et al. (AlexNet), 2012, section 3.3.
 *
 * Shapes: `x` [n, channels, ...], result as `x`.
 *
 * @throws ShapeError if there is no channel axis; ArgumentError if the size is not a whole number above 0.
 */
export function localResponseNorm(x: Tensor, size: number, { alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions = {}): Tensor {
  checkChannels("localResponseNorm", x);
  if (!Number.isInteger(size) || size < 1) {
    throw new ArgumentError("argument/window", `the size must be a whole number above 0, and is ${size}`, { subject: "localResponseNorm" });
  }
  const before = Math.floor(size / 2);
  const squares = pad(square(x), [[before, size - 1 - before], ...x.shape.slice(2).map(() => [0, 0] as const)]);
  const neighbours = Array.from({ length: size }, (_, i) => narrow(squares, 1, i, x.shape[1] ?? 0));
  const total = neighbours.reduce((sum, neighbour) => add(sum, neighbour));
  return mul(x, pow(add(mul(total, alpha / size), k), -beta));
}
