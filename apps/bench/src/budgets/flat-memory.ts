// `flat-memory.ts STEPS`, with --expose-gc: trains LeNet-5 on fresh batches of 16 and prints what memory it holds, in bytes.
import { compile, Engine } from "@gradus/compile";
import { crossEntropy, TRAIN } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { type Tensor, useRuntime, valueAndGrad } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";
import { lenet5 } from "@gradus/zoo";

const steps = Number(process.argv[2] ?? 10_000);
const batch = 16;
const backend = new WasmBackend({ threads: 1 });
useRuntime(new Engine(backend));
const model = lenet5();
const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
const step = compile((image: Tensor, label: Tensor) => {
  const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), label));
  optimizer.apply(model, grads, { loss });
  return loss;
});

async function train(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    const image = Float32Array.from({ length: batch * 784 }, (_, i) => (((i + at) * 7919) % 1000) / 1000);
    const label = Int32Array.from({ length: batch }, (_, i) => (i + at) % 10);
    await step({ dtype: "float32", shape: [batch, 1, 28, 28], data: image }, { dtype: "int32", shape: [batch], data: label }).item();
  }
}

function heap(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

await train(0, 1);
const deviceAfterFirst = backend.memory().bytes;
// The engine's own caches and compiled code settle in the first steps.
await train(1, steps / 10);
const heapEarly = heap();
await train(steps / 10, steps);
console.log(
  JSON.stringify({
    deviceAfterFirst,
    deviceAfterLast: backend.memory().bytes,
    devicePeak: backend.memory().peakBytes,
    heapEarly,
    heapLate: heap(),
  }),
);
process.exit(0);
