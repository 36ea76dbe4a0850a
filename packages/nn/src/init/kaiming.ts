import { type Shape, sizeOf } from "@gradus/tensor";
import { fansOf } from "./fans.ts";
import { gain, type Nonlinearity } from "./gain.ts";
import type { Initialiser } from "./initialiser.ts";

export interface KaimingOptions {
  /** Slope below zero of the leaky rectifier that follows; 0 when left out. */
  readonly slope?: number;
  /** Keeps the variance of activations ("fanIn", the default) or of gradients ("fanOut"). */
  readonly mode?: "fanIn" | "fanOut";
  /** "leakyRelu" when left out. */
  readonly nonlinearity?: Nonlinearity;
}

/** Uniform in ±gain * sqrt(3 / fan). Source: He et al., 2015. */
export function kaimingUniform(options: KaimingOptions = {}): Initialiser {
  return (shape, random) => {
    const bound = Math.sqrt(3) * deviation(shape, options);
    return random.uniform(sizeOf(shape), -bound, bound);
  };
}

/** Normal with standard deviation gain / sqrt(fan). Source: He et al., 2015. */
export function kaimingNormal(options: KaimingOptions = {}): Initialiser {
  return (shape, random) => random.normal(sizeOf(shape), 0, deviation(shape, options));
}

function deviation(shape: Shape, { slope = 0, mode = "fanIn", nonlinearity = "leakyRelu" }: KaimingOptions): number {
  return gain(nonlinearity, { slope }) / Math.sqrt(fansOf(shape)[mode]);
}
