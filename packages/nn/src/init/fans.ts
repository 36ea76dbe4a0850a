import { ArgumentError, type Shape, sizeOf } from "@gradus/tensor";

/** How many inputs one output reads, and how many outputs one input reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * Fans of a weight [out, in, ...window]: fanIn = in * window, fanOut = out * window.
 *
 * @throws ArgumentError for a weight with fewer than two axes.
 */
export function fansOf(shape: Shape): Fans {
  const [outputs, inputs] = shape;
  if (outputs === undefined || inputs === undefined) {
    throw new ArgumentError("init/fans", `fans need a weight with at least two axes, not [${shape.join(", ")}]`, {
      subject: "init",
      hint: "use uniform, normal or constant for vectors",
    });
  }
  const window = sizeOf(shape.slice(2));
  return { fanIn: inputs * window, fanOut: outputs * window };
}
