import type { BenchCase, ConvolutionCase, LayerStep, MatmulCase, ModelCase, ModelName } from "./case.ts";

export function matmulCase(size: number): MatmulCase {
  return {
    kind: "matmul",
    name: `matmul ${size}x${size}x${size}`,
    work: { unit: "GFLOP/s", operations: 2 * size ** 3 },
    tolerance: 1e-5,
    m: size,
    n: size,
    k: size,
  };
}

type ConvolutionSizes = Pick<ConvolutionCase, "n" | "c" | "size" | "o" | "kernel" | "padding">;

const passNames = { forward: "forward", inputGradient: "input gradient", weightGradient: "weight gradient" } as const;

export function convolutionCase(pass: ConvolutionCase["pass"], sizes: ConvolutionSizes): ConvolutionCase {
  const { n, c, size, o, kernel } = sizes;
  const out = outputSize(sizes);
  return {
    kind: "conv2d",
    name: `conv ${kernel}x${kernel} ${c}-${o} ${size}x${size} batch ${n} ${passNames[pass]}`,
    work: { unit: "GFLOP/s", operations: 2 * n * o * out * out * c * kernel * kernel },
    // A weight gradient sums n * out * out products, in an order of each library's own.
    tolerance: 1e-4,
    pass,
    ...sizes,
  };
}

/** Height and width of a convolution's output. */
export function outputSize({ size, kernel, padding }: ConvolutionSizes): number {
  return size + 2 * padding - kernel + 1;
}

const layers: Readonly<Record<ModelName, readonly LayerStep[]>> = {
  lenet5: [
    { kind: "conv", name: "conv1", padding: 2 },
    { kind: "activation", function: "tanh" },
    { kind: "pool", mode: "average" },
    { kind: "conv", name: "conv2", padding: 0 },
    { kind: "activation", function: "tanh" },
    { kind: "pool", mode: "average" },
    { kind: "flatten" },
    { kind: "linear", name: "fc1" },
    { kind: "activation", function: "tanh" },
    { kind: "linear", name: "fc2" },
    { kind: "activation", function: "tanh" },
    { kind: "linear", name: "fc3" },
  ],
  lenetCaffe: [
    { kind: "conv", name: "conv1", padding: 0 },
    { kind: "pool", mode: "max" },
    { kind: "conv", name: "conv2", padding: 0 },
    { kind: "pool", mode: "max" },
    { kind: "flatten" },
    { kind: "linear", name: "ip1" },
    { kind: "activation", function: "relu" },
    { kind: "linear", name: "ip2" },
  ],
};

export function modelCase(model: ModelName, pass: ModelCase["pass"], batch: number): ModelCase {
  return {
    kind: "model",
    name: `${model} ${pass} batch ${batch}`,
    work: { unit: "images/s", images: batch },
    tolerance: 1e-3,
    model,
    pass,
    batch,
    layers: layers[model],
    learningRate: 0.01,
    momentum: 0.9,
  };
}

/** Names of a model's parameters among its inputs, in the order of its layers. */
export function parameterNames({ layers }: ModelCase): string[] {
  return layers.flatMap((layer) =>
    layer.kind === "conv" || layer.kind === "linear" ? [`${layer.name}.weight`, `${layer.name}.bias`] : [],
  );
}

const resnetBlock: ConvolutionSizes = { n: 8, c: 64, size: 56, o: 64, kernel: 3, padding: 1 };

/** What `pnpm bench` measures. */
export const cases: readonly BenchCase[] = [
  matmulCase(256),
  matmulCase(512),
  matmulCase(1024),
  convolutionCase("forward", resnetBlock),
  convolutionCase("inputGradient", resnetBlock),
  convolutionCase("weightGradient", resnetBlock),
  modelCase("lenetCaffe", "forward", 64),
  modelCase("lenetCaffe", "training", 64),
  modelCase("lenet5", "forward", 64),
  modelCase("lenet5", "training", 64),
];
