import { data } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";

/** Attention of `heads`, each over `places` vectors of `width`: two matrix products of each, and a softmax between them. */
export function attentionCase(heads: number, places: number, width: number): PerfCase {
  const shape = [heads, places, width] as const;
  return {
    name: `attention ${heads} heads ${places}x${width}`,
    work: { unit: "GFLOP/s", operations: 4 * heads * places * places * width },
    tolerance: 1e-5,
    inputs: [data("query", shape), data("key", shape), data("value", shape)],
    steps: [{ op: "attention", args: ["query", "key", "value"], out: "out", attributes: {} }],
    mode: { kind: "evaluate", outputs: ["out"] },
  };
}
