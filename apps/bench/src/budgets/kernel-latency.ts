import { compile, Engine } from "@gradus/compile";
import { matmul, State, type Tensor, useRuntime } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";
import { type Statistics, statistics } from "../statistics.ts";

/**
 * What one more kernel in a plan costs, in microseconds: the time of a chain of tiny products of [8, 8] matrices, less
 * that of a single one, shared among the rest. On more than one thread each ends in a barrier.
 */
export async function measureKernelLatency(threads: number, kernels = 200, runs = 300): Promise<Statistics> {
  const backend = new WasmBackend({ threads });
  await backend.ready();
  const engine = new Engine(backend);
  const before = useRuntime(engine);
  try {
    const [short, long] = [chain(1), chain(kernels + 1)];
    for (let i = 0; i < 20; i++) {
      short();
      long();
      // Workers take in new plans between runs.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const times: number[] = [];
    for (let i = 0; i < runs; i++) times.push(((timeOf(long) - timeOf(short)) * 1e3) / kernels);
    return statistics(times);
  } finally {
    useRuntime(before);
    await engine.dispose();
  }
}

function chain(kernels: number): () => void {
  const identity = Float32Array.from({ length: 64 }, (_, i) => Number(i % 9 === 0));
  const matrix = new State({ shape: [8, 8], dtype: "float32" }, "matrix", () => identity);
  const out = new State({ shape: [8, 8], dtype: "float32" }, "out");
  const run = compile(() => {
    let product: Tensor = matrix;
    for (let i = 0; i < kernels; i++) product = matmul(product, matrix);
    out.assign(product);
  });
  return () => void run();
}

function timeOf(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
