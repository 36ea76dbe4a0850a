import { type Shape, sizeOf } from "@gradus/tensor";
import { fansOf } from "./fans.ts";
import type { Initialiser } from "./initialiser.ts";

export interface XavierOptions {
  /** 1 when left out; `gain("tanh")` and its like give others. */
  readonly gain?: number;
}

/** Uniform in ±gain * sqrt(6 / (fanIn + fanOut)). Source: Glorot and Bengio, 2010. */
export function xavierUniform(options: XavierOptions = {}): Initialiser {
  return (shape, random) => {
    const bound = Math.sqrt(3) * deviation(shape, options);
    return random.uniform(sizeOf(shape), -bound, bound);
  };
}

/** Normal with standard deviation gain * sqrt(2 / (fanIn + fanOut)). Source: Glorot and Bengio, 2010. */
export function xavierNormal(options: XavierOptions = {}): Initialiser {
  return (shape, random) => random.normal(sizeOf(shape), 0, deviation(shape, options));
}

function deviation(shape: Shape, { gain = 1 }: XavierOptions): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}
