import type { Shape } from "@gradus/tensor";
import { bytesOf, data, filled, weight } from "./inputs.ts";
import type { PerfCase, PerfInput } from "./perf-case.ts";
import type { Step } from "./vocabulary.ts";

const million: Shape = [1 << 20];
const square: Shape = [1024, 1024];
const images: Shape = [8, 64, 112, 112];

interface MemoryCase {
  readonly inputs: readonly PerfInput[];
  readonly steps: readonly Step[];
  readonly out: Shape;
  /** 1e-5 when left out. */
  readonly tolerance?: number;
  /** Input bytes that are really read; all of them when left out. */
  readonly read?: number;
}

/** Work that is bound by memory more than by arithmetic: judged by the bytes it has to move. */
function memoryCase(name: string, { inputs, steps, out, tolerance = 1e-5, read }: MemoryCase): PerfCase {
  const bytes = (read ?? bytesOf(...inputs.map(({ shape }) => shape))) + bytesOf(out);
  return { name, work: { unit: "GB/s", bytes }, tolerance, inputs, steps, mode: { kind: "evaluate", outputs: ["out"] } };
}

/** A copy of so many times 1,048,576 numbers. */
export function copyCase(millions: number): PerfCase {
  const shape: Shape = [millions << 20];
  return memoryCase(`copy ${millions}M`, {
    inputs: [data("x", shape)],
    steps: [{ op: "copy", args: ["x"], out: "out", attributes: {} }],
    out: shape,
  });
}

function unary(op: "copy" | "exp" | "tanh" | "erf" | "sigmoid" | "gelu", range = { low: -4, high: 4 }): PerfCase {
  return memoryCase(`${op} 1M`, {
    inputs: [data("x", million, range)],
    steps: [{ op, args: ["x"], out: "out", attributes: {} }],
    out: million,
  });
}

function reduction(name: string, shape: Shape, axes: readonly number[]): PerfCase {
  return memoryCase(name, {
    // Positive, so that a sum is not what little is left of large ones.
    inputs: [data("x", shape, { low: 0, high: 1 })],
    steps: [{ op: "sum", args: ["x"], out: "out", attributes: { axes } }],
    out: shape.filter((_, axis) => !axes.includes(axis)),
    tolerance: 1e-4,
  });
}

function pooling(op: "maxPool" | "avgPool", kernel: number, padding: number): PerfCase {
  const [n = 1, c = 1, h = 1] = images;
  const out = Math.floor((h + 2 * padding - kernel) / 2) + 1;
  return memoryCase(`${op === "maxPool" ? "max" : "average"} pool ${kernel}x${kernel} stride 2 ${c} ${h}x${h} batch ${n}`, {
    inputs: [data("x", images)],
    steps: [{ op, args: ["x"], out: "out", attributes: { kernel, stride: 2, padding } }],
    out: [n, c, out, out],
  });
}

const sequences: Shape = [512, 768];
const channels: Shape = [32, 64, 28, 28];

/** A normalisation and its gradients: the values, a cotangent and the parameters in, what comes of each out. */
function normalisationGradient(name: string, step: Step<"layerNorm" | "batchNorm">, shape: Shape, parameters: number): PerfCase {
  return {
    name: `${name} forward and backward`,
    work: { unit: "GB/s", bytes: 4 * bytesOf(shape) + 4 * bytesOf([parameters]) },
    // A parameter's gradient sums up to 25,088 products.
    tolerance: 1e-4,
    inputs: [data("x", shape), data("ct", shape), weight("weight", [parameters], 1), weight("bias", [parameters], 1)],
    steps: [step],
    mode: { kind: "gradient", of: "out", to: ["x", "weight", "bias"], cotangent: "ct" },
  };
}

const layerNorm: Step<"layerNorm"> = { op: "layerNorm", args: ["x", "weight", "bias"], out: "out", attributes: { epsilon: 1e-5 } };
const batchNorm: Step<"batchNorm"> = { op: "batchNorm", args: ["x", "weight", "bias"], out: "out", attributes: { epsilon: 1e-5 } };

/** Eight steps of one pass each where nothing is fused, and of one in all where everything is. */
const chain: readonly Step[] = [
  { op: "abs", args: ["x"], out: "1", attributes: {} },
  { op: "add", args: ["1", "x"], out: "2", attributes: {} },
  { op: "mul", args: ["2", "x"], out: "3", attributes: {} },
  { op: "sub", args: ["3", "x"], out: "4", attributes: {} },
  { op: "relu", args: ["4"], out: "5", attributes: {} },
  { op: "mul", args: ["5", "5"], out: "6", attributes: {} },
  { op: "maximum", args: ["6", "x"], out: "7", attributes: {} },
  { op: "neg", args: ["7"], out: "out", attributes: {} },
];

export const memoryCases: readonly PerfCase[] = [
  unary("copy"),
  memoryCase("add 1M", {
    inputs: [data("a", million), data("b", million)],
    steps: [{ op: "add", args: ["a", "b"], out: "out", attributes: {} }],
    out: million,
  }),
  memoryCase("pointwise chain of 8 1M", { inputs: [data("x", million)], steps: chain, out: million }),
  unary("exp"),
  unary("tanh"),
  unary("erf"),
  unary("sigmoid"),
  unary("gelu"),
  reduction("sum 1M", million, [0]),
  reduction("row sums 1024x1024", square, [1]),
  reduction("column sums 1024x1024", square, [0]),
  memoryCase("argmax of rows 1024x1024", {
    inputs: [data("x", square)],
    steps: [{ op: "argmax", args: ["x"], out: "out", attributes: { axis: 1 } }],
    out: [1024],
    tolerance: 0,
  }),
  memoryCase("softmax 128x1000", {
    inputs: [data("x", [128, 1000], { low: -4, high: 4 })],
    steps: [{ op: "softmax", args: ["x"], out: "out", attributes: {} }],
    out: [128, 1000],
  }),
  memoryCase("log softmax 128x1000", {
    inputs: [data("x", [128, 1000], { low: -4, high: 4 })],
    steps: [{ op: "logSoftmax", args: ["x"], out: "out", attributes: {} }],
    out: [128, 1000],
  }),
  memoryCase("cross-entropy 128x1000", {
    inputs: [
      data("logits", [128, 1000], { low: -4, high: 4 }),
      { name: "label", shape: [128], dtype: "int32", draw: { kind: "integers", below: 1000 }, role: "data" },
    ],
    steps: [{ op: "crossEntropy", args: ["logits", "label"], out: "out", attributes: {} }],
    out: [],
  }),
  memoryCase("layer norm 512x768", {
    inputs: [data("x", sequences), weight("weight", [768], 1), weight("bias", [768], 1)],
    steps: [layerNorm],
    out: sequences,
  }),
  normalisationGradient("layer norm 512x768", layerNorm, sequences, 768),
  memoryCase("rms norm 512x768", {
    inputs: [data("x", sequences), weight("weight", [768], 1)],
    steps: [{ op: "rmsNorm", args: ["x", "weight"], out: "out", attributes: { epsilon: 1e-5 } }],
    out: sequences,
  }),
  memoryCase("batch norm 64 28x28 batch 32", {
    inputs: [data("x", channels), weight("weight", [64], 1), weight("bias", [64], 1)],
    steps: [batchNorm],
    out: channels,
  }),
  normalisationGradient("batch norm 64 28x28 batch 32", batchNorm, channels, 64),
  memoryCase("group norm 32 groups 64 28x28 batch 32", {
    inputs: [data("x", channels), weight("weight", [64], 1), weight("bias", [64], 1)],
    steps: [{ op: "groupNorm", args: ["x", "weight", "bias"], out: "out", attributes: { groups: 32, epsilon: 1e-5 } }],
    out: channels,
  }),
  memoryCase("instance norm 64 28x28 batch 32", {
    inputs: [data("x", channels), weight("weight", [64], 1), weight("bias", [64], 1)],
    steps: [{ op: "instanceNorm", args: ["x", "weight", "bias"], out: "out", attributes: { epsilon: 1e-5 } }],
    out: channels,
  }),
  memoryCase("local response norm 5 of 64 27x27 batch 8", {
    inputs: [data("x", [8, 64, 27, 27])],
    steps: [{ op: "localResponseNorm", args: ["x"], out: "out", attributes: { size: 5, alpha: 5e-4, beta: 0.75, k: 2 } }],
    out: [8, 64, 27, 27],
  }),
  memoryCase("batch norm inference 64 28x28 batch 32", {
    inputs: [
      data("x", [32, 64, 28, 28]),
      weight("weight", [64], 1),
      weight("bias", [64], 1),
      weight("mean", [64], 1),
      filled("variance", [64], 0.5),
    ],
    steps: [{ op: "batchNormInference", args: ["x", "weight", "bias", "mean", "variance"], out: "out", attributes: { epsilon: 1e-5 } }],
    out: [32, 64, 28, 28],
  }),
  pooling("maxPool", 2, 0),
  pooling("maxPool", 3, 1),
  pooling("avgPool", 2, 0),
  memoryCase("global average pool 512 7x7 batch 64", {
    inputs: [data("x", [64, 512, 7, 7], { low: 0, high: 1 })],
    steps: [{ op: "globalAvgPool", args: ["x"], out: "out", attributes: {} }],
    out: [64, 512],
  }),
  memoryCase("embedding 4096 of 10000x256", {
    inputs: [
      weight("table", [10_000, 256]),
      { name: "index", shape: [4096], dtype: "int32", draw: { kind: "integers", below: 10_000 }, role: "data" },
    ],
    steps: [{ op: "embedding", args: ["table", "index"], out: "out", attributes: {} }],
    out: [4096, 256],
    tolerance: 0,
    read: bytesOf([4096, 256], [4096]),
  }),
  memoryCase("index add 4096 to 10000x256", {
    inputs: [
      { name: "index", shape: [4096], dtype: "int32", draw: { kind: "integers", below: 10_000 }, role: "data" },
      data("updates", [4096, 256]),
    ],
    steps: [{ op: "indexAdd", args: ["index", "updates"], out: "out", attributes: { rows: 10_000 } }],
    out: [10_000, 256],
  }),
  memoryCase("gather 256 of rows 1024x1024", {
    inputs: [
      data("x", square),
      { name: "index", shape: [1024, 256], dtype: "int32", draw: { kind: "integers", below: 1024 }, role: "data" },
    ],
    steps: [{ op: "gather", args: ["x", "index"], out: "out", attributes: {} }],
    out: [1024, 256],
    tolerance: 0,
    read: 2 * bytesOf([1024, 256]),
  }),
  memoryCase("concat 4 of 64 channels 28x28 batch 8", {
    inputs: ["a", "b", "c", "d"].map((name) => data(name, [8, 64, 784])),
    steps: [{ op: "concat", args: ["a", "b", "c", "d"], out: "out", attributes: { axis: 1 } }],
    out: [8, 256, 784],
    tolerance: 0,
  }),
  memoryCase("concat 4 of rows 1024x256", {
    inputs: ["a", "b", "c", "d"].map((name) => data(name, [1024, 256])),
    steps: [{ op: "concat", args: ["a", "b", "c", "d"], out: "out", attributes: { axis: 1 } }],
    out: [1024, 1024],
    tolerance: 0,
  }),
  memoryCase("cumulative sums of rows 1024x1024", {
    // Positive, as for sums.
    inputs: [data("x", square, { low: 0, high: 1 })],
    steps: [{ op: "cumsum", args: ["x"], out: "out", attributes: { axis: 1 } }],
    out: square,
    tolerance: 1e-4,
  }),
  memoryCase("sort of rows 64x4096", {
    inputs: [data("x", [64, 4096])],
    steps: [{ op: "sort", args: ["x"], out: "out", attributes: {} }],
    out: [64, 4096],
    tolerance: 0,
  }),
  memoryCase("top 5 of rows 128x1000", {
    inputs: [data("x", [128, 1000])],
    steps: [{ op: "topk", args: ["x"], out: "out", attributes: { k: 5 } }],
    out: [128, 5],
    tolerance: 0,
  }),
  memoryCase("bilinear upsampling x2 64 28x28 batch 8", {
    inputs: [data("x", [8, 64, 28, 28])],
    steps: [{ op: "upsampleBilinear", args: ["x"], out: "out", attributes: { factor: 2 } }],
    out: [8, 64, 56, 56],
  }),
];
