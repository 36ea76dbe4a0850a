import { type Attr, integer, integers } from "../../op/attr.ts";
import type { Fail } from "../../op/define.ts";
import type { Shape } from "../../shape.ts";

/** What defines a 2-D convolution besides its tensors. */
export interface Convolution {
  /** Steps along height and width. */
  readonly stride: readonly number[];
  /** Zeros added at top, left, bottom, right. */
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Input and output channels are cut into this many independent groups. */
  readonly groups: number;
}

export const convolutionAttrs = { stride: integers, padding: integers, dilation: integers, groups: integer } satisfies Record<
  keyof Convolution,
  Attr<unknown>
>;

/** All sizes of a 2-D convolution: what kernels are generated from. */
export interface ConvolutionSizes {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
}

/**
 * Output size along one axis: floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1.
 */
export function convolvedSize(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  paddingBefore: number,
  paddingAfter: number,
): number {
  return Math.floor((size + paddingBefore + paddingAfter - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Checks input [n, c, h, w] against weight [o, c / groups, kh, kw] and returns every size. */
export function convolutionSizes(
  input: Shape,
  weight: Shape,
  { stride, padding, dilation, groups }: Convolution,
  fail: Fail,
): ConvolutionSizes {
  if (input.length !== 4 || weight.length !== 4) {
    fail({
      code: "shape/conv-rank",
      sentence: `needs an input [n, c, h, w] and a weight [o, c / groups, kh, kw], not [${input.join(", ")}] and [${weight.join(", ")}]`,
    });
  }
  const [n = 0, c = 0, h = 0, w = 0] = input;
  const [o = 0, depth = 0, kh = 0, kw = 0] = weight;
  const [strideH = 1, strideW = 1] = stride;
  const [dilationH = 1, dilationW = 1] = dilation;
  const [top = 0, left = 0, bottom = 0, right = 0] = padding;
  if (
    stride.length !== 2 ||
    dilation.length !== 2 ||
    padding.length !== 4 ||
    [...stride, ...dilation].some((step) => step < 1) ||
    padding.some((pad) => pad < 0)
  ) {
    fail({
      code: "shape/conv-attributes",
      sentence: "stride and dilation must be two positive integers, padding four that are not negative",
    });
  }
  if (groups < 1 || c % groups !== 0 || o % groups !== 0) {
    fail({ code: "shape/conv-groups", sentence: `${groups} groups do not divide ${c} input and ${o} output channels` });
  }
  if (depth * groups !== c) {
    fail({
      code: "shape/conv-channels",
      sentence: `the weight expects ${depth * groups} input channels, and the input has ${c}`,
      hint: "the weight's shape is [o, c / groups, kh, kw]",
    });
  }
  const oh = convolvedSize(h, kh, strideH, dilationH, top, bottom);
  const ow = convolvedSize(w, kw, strideW, dilationW, left, right);
  if (oh < 1 || ow < 1) {
    fail({
      code: "shape/conv-too-small",
      sentence: `a ${kh}x${kw} kernel does not fit into ${h}x${w} with padding ${padding.join(", ")}`,
      hint: "add padding or use a smaller kernel",
    });
  }
  return { n, c, h, w, o, kh, kw, oh, ow };
}
