import { convolvedSize } from "@gradus/tensor";
import { data, weight } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";

/** A square convolution of square images: x [batch, channels, size, size], weight [filters, channels / groups, kernel, kernel]. */
export interface ConvolutionSizes {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly filters: number;
  readonly kernel: number;
  /** 1 when left out, as are dilation and groups. */
  readonly stride?: number;
  /** 0 when left out. */
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

export const passes = ["forward", "input gradient", "weight gradient"] as const;
export type Pass = (typeof passes)[number];

/** A convolution or one of its gradients, named `conv 3x3 stride 2 64-128 56x56 batch 8 forward`. */
export function convolutionCase(pass: Pass, sizes: ConvolutionSizes): PerfCase {
  const { batch, channels, size, filters, kernel, stride = 1, padding = 0, dilation = 1, groups = 1 } = sizes;
  const attributes = { stride, padding, dilation, groups };
  const out = convolvedSize(size, kernel, stride, dilation, padding, padding);
  const inputShape = [batch, channels, size, size] as const;
  const weightShape = [filters, channels / groups, kernel, kernel] as const;
  const x = data("x", inputShape);
  const w = weight("weight", weightShape);
  const ct = data("ct", [batch, filters, out, out]);
  return {
    name: `${nameOf(sizes)} ${pass}`,
    work: { unit: "GFLOP/s", operations: 2 * batch * filters * out ** 2 * (channels / groups) * kernel ** 2 },
    // A weight gradient sums batch * out * out products, in an order of each library's own.
    tolerance: 1e-4,
    mode: { kind: "evaluate", outputs: ["out"] },
    ...{
      forward: { inputs: [x, w], steps: [{ op: "conv2d", args: ["x", "weight"], out: "out", attributes }] as const },
      "input gradient": {
        inputs: [ct, w],
        steps: [{ op: "conv2dInputGrad", args: ["ct", "weight"], out: "out", attributes: { ...attributes, inputShape } }] as const,
      },
      "weight gradient": {
        inputs: [x, ct],
        steps: [{ op: "conv2dWeightGrad", args: ["x", "ct"], out: "out", attributes: { ...attributes, weightShape } }] as const,
      },
    }[pass],
  };
}

function nameOf({ batch, channels, size, filters, kernel, stride = 1, dilation = 1, groups = 1 }: ConvolutionSizes): string {
  const depthwise = groups > 1 && groups === channels;
  return [
    `conv ${kernel}x${kernel}`,
    depthwise ? " depthwise" : groups > 1 ? ` groups ${groups}` : "",
    stride > 1 ? ` stride ${stride}` : "",
    dilation > 1 ? ` dilation ${dilation}` : "",
    ` ${depthwise ? channels : `${channels}-${filters}`} ${size}x${size} batch ${batch}`,
  ].join("");
}
