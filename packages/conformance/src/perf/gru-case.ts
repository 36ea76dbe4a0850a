import { data, weight } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";
import type { Step } from "./vocabulary.ts";

/** One step of a GRU with as many inputs as cells; the gates lie in PyTorch's order: reset, update, candidate. */
export function gruCase(batch: number, size: number): PerfCase {
  const part = (of: string, index: number): Step => ({
    op: "slice",
    args: [`from ${of}`],
    out: `${of} ${index}`,
    attributes: { axis: 1, start: index * size, end: (index + 1) * size },
  });
  const gate = (index: number, out: string): readonly Step[] => [
    { op: "add", args: [`x ${index}`, `hidden ${index}`], out: `${out}.part`, attributes: {} },
    { op: "sigmoid", args: [`${out}.part`], out, attributes: {} },
  ];
  return {
    name: `gru step ${size} batch ${batch}`,
    work: { unit: "GFLOP/s", operations: 2 * batch * 3 * size * 2 * size },
    tolerance: 1e-5,
    inputs: [
      data("x", [batch, size]),
      data("hidden", [batch, size]),
      weight("weight_ih", [3 * size, size]),
      weight("bias_ih", [3 * size], size),
      weight("weight_hh", [3 * size, size]),
      weight("bias_hh", [3 * size], size),
    ],
    steps: [
      { op: "linear", args: ["x", "weight_ih", "bias_ih"], out: "from x", attributes: {} },
      { op: "linear", args: ["hidden", "weight_hh", "bias_hh"], out: "from hidden", attributes: {} },
      ...[0, 1, 2].flatMap((index) => [part("x", index), part("hidden", index)]),
      ...gate(0, "reset"),
      ...gate(1, "update"),
      { op: "mul", args: ["reset", "hidden 2"], out: "let through", attributes: {} },
      { op: "add", args: ["x 2", "let through"], out: "candidate.part", attributes: {} },
      { op: "tanh", args: ["candidate.part"], out: "candidate", attributes: {} },
      { op: "sub", args: ["hidden", "candidate"], out: "difference", attributes: {} },
      { op: "mul", args: ["update", "difference"], out: "kept", attributes: {} },
      { op: "add", args: ["candidate", "kept"], out: "next hidden", attributes: {} },
    ],
    mode: { kind: "evaluate", outputs: ["next hidden"] },
  };
}
