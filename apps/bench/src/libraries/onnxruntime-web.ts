// onnxruntime-web on WebAssembly: `onnxruntime-web.ts THREADS`. Its `run` takes host arrays and gives host arrays, so copies are part of its time.
import { parseArgs } from "node:util";
import { loadModule } from "../../peers/load.ts";
import { arrayNamed, type NamedArray } from "../arrays.ts";
import type { BenchCase, ConvolutionCase, ModelCase } from "../case.ts";
import { outputSize, parameterNames } from "../cases.ts";
import { type OnnxGraph, onnxModel, type OnnxNode } from "../onnx-model.ts";
import { Cannot, serve } from "./library.ts";

/** The part of the library's interface that is used. */
interface OnnxRuntime {
  readonly env: { readonly versions: { readonly web?: string }; readonly wasm: { numThreads?: number }; logLevel?: string };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => OnnxTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[]; intraOpNumThreads: number }): Promise<OnnxSession>;
  };
}

interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

const { positionals } = parseArgs({ allowPositionals: true });
const threads = Number(positionals[0] ?? 1);

/** Inputs given at each call; the others are constants of the model. */
const feedNames: ReadonlySet<string> = new Set(["a", "b", "x", "weight", "image"]);

function graphOf(benchCase: BenchCase, inputs: readonly NamedArray[]): OnnxGraph {
  switch (benchCase.kind) {
    case "matmul":
      return {
        nodes: [{ operator: "MatMul", inputs: ["a", "b"], outputs: ["out"] }],
        inputs,
        outputs: [{ name: "out", shape: [benchCase.m, benchCase.n] }],
        constants: [],
      };
    case "conv2d":
      return convolutionGraph(benchCase, inputs);
    case "model":
      return modelGraph(benchCase, inputs);
  }
  benchCase satisfies never;
  throw new Error("unknown case");
}

function convolutionGraph(one: ConvolutionCase, inputs: readonly NamedArray[]): OnnxGraph {
  if (one.pass !== "forward") throw new Cannot("it has no gradients");
  const weight = arrayNamed(inputs, "weight");
  const x = arrayNamed(inputs, "x");
  return {
    nodes: [{ operator: "Conv", inputs: ["x", "weight"], outputs: ["out"], attributes: { pads: new Array<number>(4).fill(one.padding) } }],
    inputs: [x, weight],
    outputs: [{ name: "out", shape: [one.n, one.o, outputSize(one), outputSize(one)] }],
    constants: [],
  };
}

function modelGraph(one: ModelCase, inputs: readonly NamedArray[]): OnnxGraph {
  if (one.pass === "training") throw new Cannot("onnxruntime-web has no training");
  const image = arrayNamed(inputs, "image");
  let flowing = "image";
  const nodes = one.layers.map((layer, i): OnnxNode => {
    const from = flowing;
    flowing = i === one.layers.length - 1 ? "out" : `layer${i}`;
    const [own, to] = [[from], [flowing]];
    switch (layer.kind) {
      case "conv":
        return {
          operator: "Conv",
          inputs: [from, `${layer.name}.weight`, `${layer.name}.bias`],
          outputs: to,
          attributes: { pads: new Array<number>(4).fill(layer.padding) },
        };
      case "pool":
        return {
          operator: layer.mode === "max" ? "MaxPool" : "AveragePool",
          inputs: own,
          outputs: to,
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        };
      case "activation":
        return { operator: layer.function === "relu" ? "Relu" : "Tanh", inputs: own, outputs: to };
      case "flatten":
        return { operator: "Flatten", inputs: own, outputs: to, attributes: { axis: 1 } };
      case "linear":
        return { operator: "Gemm", inputs: [from, `${layer.name}.weight`, `${layer.name}.bias`], outputs: to, attributes: { transB: 1 } };
    }
    layer satisfies never;
    throw new Error("unknown layer");
  });
  const constants = parameterNames(one).map((name) => {
    const { shape, data } = arrayNamed(inputs, name);
    return { name, shape, data: Float32Array.from(data) };
  });
  return { nodes, inputs: [image], outputs: [{ name: "out", shape: [one.batch, 10] }], constants };
}

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const ort = (await loadModule("onnxruntime-web")) as OnnxRuntime;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return {
    version: ort.env.versions.web ?? "of unknown version",
    async prepare(benchCase, inputs) {
      const session = await ort.InferenceSession.create(onnxModel(graphOf(benchCase, inputs)), {
        executionProviders: ["wasm"],
        intraOpNumThreads: threads,
      });
      const feeds = Object.fromEntries(
        inputs
          .filter(({ name }) => feedNames.has(name))
          .map(({ name, shape, data }) => [name, new ort.Tensor("float32", Float32Array.from(data), shape)]),
      );
      let out: OnnxTensor | undefined;
      return {
        run: async () => {
          out = (await session.run(feeds))["out"];
        },
        outputs: async () => (out === undefined ? [] : [{ name: "out", shape: out.dims, data: out.data }]),
        release: async () => session.release(),
      };
    },
  };
});
