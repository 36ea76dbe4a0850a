import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compile, Engine, printPlan } from "@gradus/compile";
import { crossEntropy, TRAIN } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import {
  add,
  fromHost,
  gradients,
  type HostTensor,
  matmul,
  mean,
  mul,
  relu,
  State,
  sub,
  type Tensor,
  useRuntime,
  valueAndGrad,
} from "@gradus/tensor";
import { lenet5 } from "@gradus/zoo";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

describe.skipIf(gpu === null)(`training on WebGPU${orMissing(found)}`, () => {
  let backend: WebgpuBackend;
  let engine: Engine;
  beforeEach(async () => {
    backend = await WebgpuBackend.create(gpu === null ? {} : { gpu });
    engine = new Engine(backend);
    useRuntime(engine);
  });
  afterEach(async () => {
    useRuntime(null);
    await engine.dispose();
  });

  test("a step of LeNet-5 is one submission of few dispatches, and makes nothing after the first", async () => {
    const model = lenet5({ seed: 1 });
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
    const step = compile(({ image, label }: { image: Tensor; label: Tensor }) => {
      const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), label));
      optimizer.apply(model, grads);
      return loss;
    });
    const batch = (seed: number): { image: HostTensor; label: HostTensor } => ({
      image: { dtype: "float32", shape: [4, 1, 28, 28], data: Float32Array.from({ length: 4 * 784 }, (_, i) => Math.sin(i * seed)) },
      label: { dtype: "int32", shape: [4], data: Int32Array.of(1, 2, 3, 4) },
    });
    await step(batch(1)).item();
    const first = backend.counts();
    expect(first.submits).toBe(1);
    expect(first.dispatches).toBeLessThanOrEqual(30);
    expect(step.plans.map((plan) => printPlan(plan).split("\n").at(-1))).toMatchInlineSnapshot(`
      [
        "45 kernels, 2289620 bytes moved, 380928 bytes of arena",
      ]
    `);
    for (let i = 2; i < 6; i++) await step(batch(i)).item();
    const { submits, dispatches, ...made } = backend.counts();
    expect({ submits, dispatches }).toEqual({ submits: 5, dispatches: 5 * first.dispatches });
    expect(made).toEqual({ buffers: first.buffers, bindGroups: first.bindGroups, pipelines: first.pipelines });
  });

  test(
    "two thousand steps make no buffer, bind group or pipeline after the first, and the heap does not grow",
    { timeout: 120_000 },
    async () => {
      const w = new State({ shape: [8, 4], dtype: "float32" }, "w", () => Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)));
      const momentum = new State({ shape: [8, 4], dtype: "float32" }, "momentum");
      const step = compile((x: Tensor) => {
        const weight = w.value();
        const error = sub(relu(matmul(x, weight)), 1);
        const loss = mean(mul(error, error));
        const [gradient] = gradients(loss, [weight]);
        if (gradient === undefined) throw new RangeError("no gradient");
        momentum.assign(add(mul(momentum, 0.9), gradient));
        w.assign(sub(weight, mul(momentum, 0.01)));
        return loss;
      });
      const train = async (from: number, to: number): Promise<number> => {
        let loss = Number.NaN;
        for (let i = from; i < to; i++) {
          loss = await step(
            fromHost(
              [16, 8],
              "float32",
              Float32Array.from({ length: 128 }, (_, j) => Math.cos(i + j)),
            ),
          ).item();
        }
        return loss;
      };
      const early = await train(0, 1);
      const { submits: _, dispatches: __, ...made } = backend.counts();
      const { bytes } = backend.memory();
      await train(1, 500);
      const heap = heapUsed();
      expect(await train(500, 2000)).toBeLessThan(early);
      expect(backend.counts()).toMatchObject({ ...made, submits: 2000 });
      expect(backend.memory().bytes).toBe(bytes);
      expect(heapUsed() - heap).toBeLessThan(500_000);
      w.free();
      momentum.free();
    },
  );
});

/** Bytes of the heap that are in use after collecting what is not. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
