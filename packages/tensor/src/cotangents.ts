import { opOf, totalOf } from "./op/apply.ts";
import { add } from "./ops/pointwise/arithmetic.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Everything that flowed back to one tensor, added up. What calls of one op gave is left to that op first: a recurrence
 * sends back a product and a slice from every step, which are one product and one tensor.
 */
export function totalOfCotangents(parts: readonly Tensor[]): Tensor {
  const terms = [...Map.groupBy(parts, (part) => opOf(part) ?? part).values()].flatMap((alike) => {
    const total = alike.length === 1 ? null : totalOf(alike);
    return total === null ? alike : [total];
  });
  return terms.reduce((sum, term) => add(sum, term));
}
