import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { conv2d } from "../library/conv2d.ts";
import { squeeze, unsqueeze } from "../view/squeeze.ts";

export interface Conv1dOptions {
  /** Added to every place of its output channel: [o]. */
  readonly bias?: Tensor | null;
  /** Steps along the sequence; 1 when left out. */
  readonly stride?: number;
  /** Zeros on each side: a number, "same" (output size is ceil(size / stride)) or "valid" (none, the default). */
  readonly padding?: number | "same" | "valid";
  /** Distance between kernel taps; 1 when left out. */
  readonly dilation?: number;
  /** 1 when left out; the number of channels makes it depthwise. */
  readonly groups?: number;
}

/**
 * 1-D cross-correlation: y[n, o, i] = bias[o] + Σ_{c, p} x[n, c, i * stride + p * dilation - padding] * weight[o, c, p].
 *
 * Shapes: `x` [n, c, l], `weight` [o, c / groups, k], result [n, o, ol].
 *
 * @throws ShapeError if channels, groups or sizes do not fit.
 */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  { bias = null, stride = 1, padding = "valid", dilation = 1, groups = 1 }: Conv1dOptions = {},
): Tensor {
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError("shape/conv-rank", "needs an input [n, c, l] and a weight [o, c / groups, k]", {
      subject: "conv1d",
      facts: { x: String(x), weight: String(weight) },
    });
  }
  const y = conv2d(unsqueeze(x, 2), unsqueeze(weight, 2), {
    bias,
    stride: [1, stride],
    padding: typeof padding === "number" ? [0, padding] : padding,
    dilation: [1, dilation],
    groups,
  });
  return squeeze(y, 2);
}
