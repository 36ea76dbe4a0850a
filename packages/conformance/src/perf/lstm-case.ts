import { data, filled, weight } from "./inputs.ts";
import type { PerfCase, PerfInput } from "./perf-case.ts";
import type { Step } from "./vocabulary.ts";

/** One step of an LSTM with as many inputs as cells; the gates lie in PyTorch's order: input, forget, cell, output. */
export function lstmCase(batch: number, size: number): PerfCase {
  return {
    name: `lstm step ${size} batch ${batch}`,
    work: { unit: "GFLOP/s", operations: 2 * batch * 4 * size * 2 * size },
    tolerance: 1e-5,
    inputs: [data("x", [batch, size]), ...stateAndWeights(batch, size)],
    steps: [
      { op: "linear", args: ["x", "weight_ih", "bias_ih"], out: "from x", attributes: {} },
      ...cell(size, { fromInput: "from x", hidden: "hidden", cell: "cell", after: "next " }),
    ],
    mode: { kind: "evaluate", outputs: ["next hidden", "next cell"] },
  };
}

/** A training step of an LSTM that reads sequences of `length` and names one of ten classes after the last of them. */
export function lstmTrainingCase(length: number, batch: number, size: number): PerfCase {
  const at = (step: number, name: string): string => (step === 0 ? name : `${step} ${name}`);
  const unrolled = Array.from({ length }, (_, t): readonly Step[] => [
    { op: "slice", args: ["from x"], out: `${t} from x`, attributes: { axis: 0, start: t * batch, end: (t + 1) * batch } },
    ...cell(size, { fromInput: `${t} from x`, hidden: at(t, "hidden"), cell: at(t, "cell"), after: `${t + 1} ` }),
  ]);
  return {
    name: `lstm ${size} length ${length} training batch ${batch}`,
    work: { unit: "images/s", images: batch },
    tolerance: 1e-3,
    inputs: [data("x", [length * batch, size]), ...stateAndWeights(batch, size), ...classifier(batch, size)],
    steps: [
      { op: "linear", args: ["x", "weight_ih", "bias_ih"], out: "from x", attributes: {} },
      ...unrolled.flat(),
      { op: "linear", args: [at(length, "hidden"), "weight_out", "bias_out"], out: "logits", attributes: {} },
    ],
    mode: { kind: "training", logits: "logits", label: "label", learningRate: 0.01, momentum: 0.9 },
  };
}

/** The same of a layer above another, each beginning with zeros, asked of each library's own LSTM where it has one. */
export function lstmLayersTrainingCase(layers: number, length: number, batch: number, size: number): PerfCase {
  const weights = Array.from({ length: layers }, (_, layer) => [
    weight(`weight_ih_l${layer}`, [4 * size, size]),
    weight(`weight_hh_l${layer}`, [4 * size, size]),
    weight(`bias_ih_l${layer}`, [4 * size], size),
    weight(`bias_hh_l${layer}`, [4 * size], size),
  ]).flat();
  return {
    name: `lstm ${layers}x${size} length ${length} training batch ${batch}`,
    work: { unit: "images/s", images: batch },
    tolerance: 1e-3,
    inputs: [data("x", [length, batch, size]), ...weights, ...classifier(batch, size)],
    steps: [
      { op: "lstm", args: ["x", ...weights.map(({ name }) => name)], out: "last", attributes: {} },
      { op: "linear", args: ["last", "weight_out", "bias_out"], out: "logits", attributes: {} },
    ],
    mode: { kind: "training", logits: "logits", label: "label", learningRate: 0.01, momentum: 0.9 },
  };
}

function classifier(batch: number, size: number): readonly PerfInput[] {
  return [
    weight("weight_out", [10, size]),
    filled("bias_out", [10], 0),
    { name: "label", shape: [batch], dtype: "int32", draw: { kind: "integers", below: 10 }, role: "batch" },
  ];
}

function stateAndWeights(batch: number, size: number): readonly PerfInput[] {
  return [
    data("hidden", [batch, size]),
    data("cell", [batch, size]),
    weight("weight_ih", [4 * size, size]),
    weight("bias_ih", [4 * size], size),
    weight("weight_hh", [4 * size, size]),
    weight("bias_hh", [4 * size], size),
  ];
}

interface CellNames {
  readonly fromInput: string;
  readonly hidden: string;
  readonly cell: string;
  /** What the names of everything that is made begin with. */
  readonly after: string;
}

/** From the input's product, the hidden state and the cells: `${after}hidden` and `${after}cell`. */
function cell(size: number, { fromInput, hidden, cell, after }: CellNames): readonly Step[] {
  const gate = (index: number, op: "sigmoid" | "tanh", out: string): Step[] => [
    {
      op: "slice",
      args: [`${after}gates`],
      out: `${after}${out}.part`,
      attributes: { axis: 1, start: index * size, end: (index + 1) * size },
    },
    { op, args: [`${after}${out}.part`], out: `${after}${out}`, attributes: {} },
  ];
  return [
    { op: "linear", args: [hidden, "weight_hh", "bias_hh"], out: `${after}from hidden`, attributes: {} },
    { op: "add", args: [fromInput, `${after}from hidden`], out: `${after}gates`, attributes: {} },
    ...gate(0, "sigmoid", "input"),
    ...gate(1, "sigmoid", "forget"),
    ...gate(2, "tanh", "candidate"),
    ...gate(3, "sigmoid", "output"),
    { op: "mul", args: [`${after}forget`, cell], out: `${after}kept`, attributes: {} },
    { op: "mul", args: [`${after}input`, `${after}candidate`], out: `${after}taken`, attributes: {} },
    { op: "add", args: [`${after}kept`, `${after}taken`], out: `${after}cell`, attributes: {} },
    { op: "tanh", args: [`${after}cell`], out: `${after}shown`, attributes: {} },
    { op: "mul", args: [`${after}output`, `${after}shown`], out: `${after}hidden`, attributes: {} },
  ];
}
