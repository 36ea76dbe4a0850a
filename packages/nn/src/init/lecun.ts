import { sizeOf } from "@gradus/tensor";
import { fansOf } from "./fans.ts";
import type { Initialiser } from "./initialiser.ts";

/** Uniform in ±sqrt(3 / fanIn). Source: LeCun et al., Efficient BackProp, 1998, section 4.6. */
export function lecunUniform(): Initialiser {
  return (shape, random) => {
    const bound = Math.sqrt(3 / fansOf(shape).fanIn);
    return random.uniform(sizeOf(shape), -bound, bound);
  };
}

/**
 * Normal with standard deviation 1 / sqrt(fanIn), what self-normalising networks need.
 * Sources: LeCun et al., Efficient BackProp, 1998, section 4.6; Klambauer et al., 2017.
 */
export function lecunNormal(): Initialiser {
  return (shape, random) => random.normal(sizeOf(shape), 0, Math.sqrt(1 / fansOf(shape).fanIn));
}
