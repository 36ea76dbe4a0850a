// `cold-start.ts lenet5|resnet18`: the first training step, or forward pass, of a fresh process. Prints seconds.
const { compile, Engine } = await import("@gradus/compile");
const { fromHost, useRuntime, valueAndGrad } = await import("@gradus/tensor");
const { WasmBackend } = await import("@gradus/wasm");
const { crossEntropy, TRAIN } = await import("@gradus/nn");
const { sgd } = await import("@gradus/optim");
const { lenet5 } = await import("@gradus/zoo");
const { resnet18Shaped } = await import("./resnet18-shaped.ts");

const resnet = process.argv[2] === "resnet18" ? resnet18Shaped() : null;

const started = performance.now();
useRuntime(new Engine(new WasmBackend()));
if (resnet !== null) {
  const forward = compile(resnet);
  await forward({ dtype: "float32", shape: [1, 3, 224, 224], data: new Float32Array(3 * 224 * 224).fill(0.5) }).data();
} else {
  const model = lenet5();
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  const step = compile((image: ReturnType<typeof fromHost>, label: ReturnType<typeof fromHost>) => {
    const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), label));
    optimizer.apply(model, grads, { loss });
    return loss;
  });
  await step(
    { dtype: "float32", shape: [64, 1, 28, 28], data: new Float32Array(64 * 784).fill(0.5) },
    { dtype: "int32", shape: [64], data: new Int32Array(64) },
  ).item();
}
const ended = performance.now();
console.log(JSON.stringify({ first: (ended - started) / 1e3, process: ended / 1e3 }));
process.exit(0);
