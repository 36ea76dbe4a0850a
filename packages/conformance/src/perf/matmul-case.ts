import { data } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";

export interface MatmulSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** How many products, each of matrices of its own; 1 when left out. */
  readonly batch?: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** c [m, n] = a [m, k] b [k, n], named `matmul MxKxN`. */
export function matmulCase({ m, k, n, batch = 1, transposeA = false, transposeB = false }: MatmulSizes): PerfCase {
  const lead = batch === 1 ? [] : [batch];
  const marks = [batch === 1 ? "" : ` batch ${batch}`, transposeA ? " transposed A" : "", transposeB ? " transposed B" : ""];
  return {
    name: `matmul ${m}x${k}x${n}${marks.join("")}`,
    work: { unit: "GFLOP/s", operations: 2 * batch * m * n * k },
    tolerance: 1e-5,
    inputs: [data("a", [...lead, ...(transposeA ? [k, m] : [m, k])]), data("b", [...lead, ...(transposeB ? [n, k] : [k, n])])],
    steps: [{ op: "matmul", args: ["a", "b"], out: "out", attributes: { transposeA, transposeB } }],
    mode: { kind: "evaluate", outputs: ["out"] },
  };
}
