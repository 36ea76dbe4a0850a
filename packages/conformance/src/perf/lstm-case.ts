import { data, weight } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";
import type { Step } from "./vocabulary.ts";

/** One step of an LSTM with as many inputs as cells; the gates lie in PyTorch's order: input, forget, cell, output. */
export function lstmCase(batch: number, size: number): PerfCase {
  const gate = (index: number, op: "sigmoid" | "tanh", out: string): Step[] => [
    { op: "slice", args: ["gates"], out: `${out}.part`, attributes: { axis: 1, start: index * size, end: (index + 1) * size } },
    { op, args: [`${out}.part`], out, attributes: {} },
  ];
  return {
    name: `lstm step ${size} batch ${batch}`,
    work: { unit: "GFLOP/s", operations: 2 * batch * 4 * size * 2 * size },
    tolerance: 1e-5,
    inputs: [
      data("x", [batch, size]),
      data("hidden", [batch, size]),
      data("cell", [batch, size]),
      weight("weight_ih", [4 * size, size]),
      weight("bias_ih", [4 * size], size),
      weight("weight_hh", [4 * size, size]),
      weight("bias_hh", [4 * size], size),
    ],
    steps: [
      { op: "linear", args: ["x", "weight_ih", "bias_ih"], out: "from x", attributes: {} },
      { op: "linear", args: ["hidden", "weight_hh", "bias_hh"], out: "from hidden", attributes: {} },
      { op: "add", args: ["from x", "from hidden"], out: "gates", attributes: {} },
      ...gate(0, "sigmoid", "input"),
      ...gate(1, "sigmoid", "forget"),
      ...gate(2, "tanh", "candidate"),
      ...gate(3, "sigmoid", "output"),
      { op: "mul", args: ["forget", "cell"], out: "kept", attributes: {} },
      { op: "mul", args: ["input", "candidate"], out: "taken", attributes: {} },
      { op: "add", args: ["kept", "taken"], out: "next cell", attributes: {} },
      { op: "tanh", args: ["next cell"], out: "shown", attributes: {} },
      { op: "mul", args: ["output", "shown"], out: "next hidden", attributes: {} },
    ],
    mode: { kind: "evaluate", outputs: ["next hidden", "next cell"] },
  };
}
