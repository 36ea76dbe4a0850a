import { pad, type PadMode, type PerAxis, type Tensor } from "@gradus/tensor";

/** What a convolution puts around its input. */
export type ConvolutionPadding = PerAxis | "same" | "valid";

/** Zeros, or the input mirrored, its edge repeated, or its opposite side. */
export type PaddingMode = "zeros" | Exclude<PadMode, "constant">;

interface Geometry {
  readonly kernel: PerAxis;
  readonly stride: PerAxis;
  readonly dilation: PerAxis;
  readonly padding: ConvolutionPadding;
  readonly mode: PaddingMode;
}

/** The input with what is around it; the input itself where that is zeros, which the convolution puts there. */
export function paddedBy(x: Tensor, { kernel, stride, dilation, padding, mode }: Geometry): Tensor {
  if (mode === "zeros" || padding === "valid") return x;
  const spatial = x.shape.slice(2);
  const amounts = spatial.map((size, axis): readonly [number, number] => {
    if (padding !== "same") return [numberOf(padding, axis), numberOf(padding, axis)];
    const step = numberOf(stride, axis);
    const sum = Math.max(0, (Math.ceil(size / step) - 1) * step + numberOf(dilation, axis) * (numberOf(kernel, axis) - 1) + 1 - size);
    return [Math.floor(sum / 2), Math.ceil(sum / 2)];
  });
  return pad(x, amounts, { mode });
}

function numberOf(value: PerAxis, axis: number): number {
  return typeof value === "number" ? value : (value[axis] ?? 1);
}
