import { compile, Engine } from "@gradus/compile";
import { fromHost, matmul, State, type Tensor, useRuntime } from "@gradus/tensor";
import { WebgpuBackend } from "@gradus/webgpu";
import { nodeGpu } from "@gradus/webgpu/node";

/** Products in a row, each of which needs the one before. */
const length = 512;

/** Microseconds of one step of a plan that does almost nothing: a chain of products of 4x4 matrices, host and device together. */
export async function dispatchOverhead(rounds = 50): Promise<number> {
  const engine = new Engine(await WebgpuBackend.create({ gpu: await nodeGpu(), tuning: "off" }));
  const before = useRuntime(engine);
  const turn = fromHost(
    [4, 4],
    "float32",
    Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
  );
  const result = new State({ shape: [4, 4], dtype: "float32" }, "result");
  try {
    const step = compile(() => {
      let x: Tensor = turn;
      for (let i = 0; i < length; i++) x = matmul(x, turn);
      result.assign(x);
    });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      await step();
      times.push(performance.now() - start);
    }
    const [median = Number.NaN] = times.sort((a, b) => a - b).slice(rounds >> 1);
    return (median * 1e3) / length;
  } finally {
    result.free();
    useRuntime(before);
    await engine.dispose();
  }
}
