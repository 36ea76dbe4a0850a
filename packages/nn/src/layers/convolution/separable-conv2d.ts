import type { Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";
import { Conv2d, type Conv2dLayerOptions } from "../conv2d.ts";

export interface DepthwiseConv2dOptions extends Omit<Conv2dLayerOptions, "groups"> {
  /** Output channels for each input channel; 1 when left out. */
  readonly multiplier?: number;
}

/**
 * A 2-D convolution of each channel by itself.
 *
 * Shapes: `x` [n, channels, h, w], `weight` [channels * multiplier, 1, kh, kw], result [n, channels * multiplier, oh, ow].
 */
export class DepthwiseConv2d extends Conv2d {
  constructor(channels: number, { multiplier = 1, ...options }: DepthwiseConv2dOptions) {
    super(channels, channels * multiplier, { ...options, groups: channels });
  }
}

/**
 * A depthwise convolution and one of 1 x 1 that mixes its channels.
 * Source: Chollet, Xception (2017), section 1.1.
 *
 * Shapes: `x` [n, inputs, h, w], result [n, outputs, oh, ow].
 */
export class SeparableConv2d extends Module {
  readonly depthwise: DepthwiseConv2d;
  readonly pointwise: Conv2d;

  constructor(inputs: number, outputs: number, { bias = true, ...options }: DepthwiseConv2dOptions) {
    super();
    this.depthwise = new DepthwiseConv2d(inputs, { ...options, bias: false });
    this.pointwise = new Conv2d(inputs * (options.multiplier ?? 1), outputs, { kernel: 1, bias });
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}
