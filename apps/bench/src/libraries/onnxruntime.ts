import { arrayNamed } from "@gradus/conformance/perf";
import { onnxGraph } from "../onnx-graph.ts";
import { onnxModel } from "../onnx-model.ts";
import type { Library } from "./library.ts";

/** What onnxruntime-web and onnxruntime-node have in common, as far as it is used. */
export interface OnnxRuntime {
  readonly env: {
    readonly versions: { readonly web?: string; readonly node?: string };
    readonly wasm: { numThreads?: number; wasmPaths?: string };
    logLevel?: string;
  };
  readonly Tensor: new (type: "float32" | "int32", data: Float32Array | Int32Array, dims: readonly number[]) => OnnxTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: OnnxOptions): Promise<OnnxSession> };
}

interface OnnxOptions {
  readonly executionProviders: readonly string[];
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads: number;
}

interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array;
}

interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

/**
 * ONNX Runtime on one of its execution providers. Its `run` takes host arrays and gives host arrays, so copies are part of its
 * time; parameters are constants of the model, which it may arrange as it likes beforehand.
 */
export function onnxruntime(
  ort: OnnxRuntime,
  { provider, threads }: { readonly provider: "wasm" | "webgpu" | "cpu"; readonly threads: number },
): Library {
  ort.env.logLevel = "error";
  return {
    version: (provider === "cpu" ? ort.env.versions.node : ort.env.versions.web) ?? "of unknown version",
    async prepare(benchCase, inputs) {
      const graph = onnxGraph(benchCase, inputs);
      const session = await ort.InferenceSession.create(onnxModel(graph), {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
      });
      const feeds = Object.fromEntries(
        graph.inputs.map(({ name, shape, dtype = "float32" }) => [name, new ort.Tensor(dtype, arrayNamed(inputs, name).data, shape)]),
      );
      let latest: Readonly<Record<string, OnnxTensor>> = {};
      return {
        run: async () => {
          latest = await session.run(feeds);
        },
        outputs: async () => Object.entries(latest).map(([name, { dims, data }]) => ({ name, shape: dims, data })),
        release: async () => session.release(),
      };
    },
  };
}
