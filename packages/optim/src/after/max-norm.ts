import { div, maximum, mul, norm } from "@gradus/tensor";
import { positive } from "../check.ts";
import type { AfterUpdate } from "./after-update.ts";

/**
 * Holds the weights of each output to a ball: row w of a weight [out, ...] becomes w * min(1, limit / |w|).
 *
 * Vectors and scalars, such as biases, have no rows and stay. Source: Srivastava et al., Dropout, 2014, section 5.1.
 *
 * Example: `sgd({ learningRate: 0.1, after: [maxNorm(3)] })`.
 *
 * @throws ArgumentError unless the limit is above 0.
 */
export function maxNorm(limit: number): AfterUpdate {
  positive("maxNorm", "limit", limit);
  return {
    name: "maxNorm",
    slots: [],
    follow({ param }) {
      if (param.rank < 2) return { param, slots: {} };
      const axis = param.shape.map((_, i) => i).slice(1);
      const length = norm(param, { axis, keepDims: true });
      return { param: mul(param, div(limit, maximum(length, limit))), slots: {} };
    },
  };
}
