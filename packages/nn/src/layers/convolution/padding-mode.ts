import { pad, type PerAxis, type Tensor } from "@gradus/tensor";

/** What a convolution puts around its input. */
export type ConvolutionPadding = PerAxis | "same" | "valid";

/** Puts something else than zeros around the last axes; a function, so that a page has only the ones it uses. */
export type PaddingMode = (x: Tensor, amounts: readonly (readonly [before: number, after: number])[]) => Tensor;

/** For a convolution's `paddingMode`: the input mirrored at its edge, without repeating the edge. */
export const reflectPadding: PaddingMode = (x, amounts) => pad(x, amounts, { mode: "reflect" });
/** For a convolution's `paddingMode`: the edge repeated. */
export const replicatePadding: PaddingMode = (x, amounts) => pad(x, amounts, { mode: "replicate" });
/** For a convolution's `paddingMode`: the opposite side. */
export const circularPadding: PaddingMode = (x, amounts) => pad(x, amounts, { mode: "circular" });

interface Geometry {
  readonly kernel: PerAxis;
  readonly stride: PerAxis;
  readonly dilation: PerAxis;
  readonly padding: ConvolutionPadding;
  readonly mode: PaddingMode | null;
}

/** The input with what is around it; the input itself where that is zeros, which the convolution puts there. */
export function paddedBy(x: Tensor, { kernel, stride, dilation, padding, mode }: Geometry): Tensor {
  if (mode === null || padding === "valid") return x;
  const spatial = x.shape.slice(2);
  const amounts = spatial.map((size, axis): readonly [number, number] => {
    if (padding !== "same") return [numberOf(padding, axis), numberOf(padding, axis)];
    const step = numberOf(stride, axis);
    const sum = Math.max(0, (Math.ceil(size / step) - 1) * step + numberOf(dilation, axis) * (numberOf(kernel, axis) - 1) + 1 - size);
    return [Math.floor(sum / 2), Math.ceil(sum / 2)];
  });
  return mode(x, amounts);
}

function numberOf(value: PerAxis, axis: number): number {
  return typeof value === "number" ? value : (value[axis] ?? 1);
}
