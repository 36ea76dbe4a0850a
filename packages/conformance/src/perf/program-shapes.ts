import { type Shape, type Tensor, zeros } from "@gradus/tensor";
import { gradusOps } from "./gradus-ops.ts";
import type { PerfCase } from "./perf-case.ts";
import { interpret } from "./vocabulary.ts";

/**
 * The shape of every value in a case, inputs included; nothing is computed.
 *
 * @throws GradusError for an op whose arguments do not fit; RangeError for an argument nothing has made.
 */
export function programShapes({ inputs, steps }: Pick<PerfCase, "inputs" | "steps">): Map<string, Shape> {
  const given = new Map<string, Tensor>(inputs.map(({ name, shape, dtype }) => [name, zeros(shape, { dtype })]));
  return new Map([...interpret(steps, gradusOps, given)].map(([name, { shape }]) => [name, shape]));
}
