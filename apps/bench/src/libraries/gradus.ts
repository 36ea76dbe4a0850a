// Gradus on its WebAssembly backend: `gradus.ts THREADS LEVEL`.
import { parseArgs } from "node:util";
import { compile, Engine } from "@gradus/compile";
import { crossEntropy, TRAIN } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { conv2d, matmul, type Shape, State, type Tensor, useRuntime, valueAndGrad, vjp, zeros } from "@gradus/tensor";
import { bestLevel, WasmBackend } from "@gradus/wasm";
import { lenet5, lenetCaffe } from "@gradus/zoo";
import { arrayNamed, type NamedArray } from "../arrays.ts";
import type { ConvolutionCase, ModelCase } from "../case.ts";
import { outputSize, parameterNames } from "../cases.ts";
import { type Library, type Prepared, serve } from "./library.ts";

/** Gradus with `threads` threads, on the best instruction level of the host or a given one. */
export async function gradus(threads: number, level?: string): Promise<Library> {
  const chosen = (["relaxed", "simd", "scalar"] as const).find((one) => one === level) ?? bestLevel();
  const backend = new WasmBackend({ threads, level: chosen });
  await backend.ready();
  useRuntime(new Engine(backend));
  return {
    version: `wasm, ${chosen === "relaxed" ? "relaxed SIMD" : chosen === "simd" ? "SIMD" : "scalar"}`,
    prepare(benchCase, inputs) {
      switch (benchCase.kind) {
        case "matmul":
          return onCells(inputs, ["a", "b"], [benchCase.m, benchCase.n], matmul);
        case "conv2d":
          return convolution(benchCase, inputs);
        case "model":
          return benchCase.pass === "forward" ? forward(benchCase, inputs) : training(benchCase, inputs);
      }
      benchCase satisfies never;
      throw new Error("unknown case");
    },
  };
}

/** A function of two tensors that live in state cells, into a state cell: nothing crosses to the host while it is timed. */
function onCells(
  inputs: readonly NamedArray[],
  names: readonly [string, string],
  shape: Shape,
  f: (a: Tensor, b: Tensor) => Tensor,
): Prepared {
  const [a, b] = names.map((name) => {
    const { shape: own, data } = arrayNamed(inputs, name);
    return new State({ shape: own, dtype: "float32" }, name, () => data);
  });
  if (a === undefined || b === undefined) throw new Error("two inputs are needed");
  const out = new State({ shape, dtype: "float32" }, "out");
  const step = compile(() => out.assign(f(a, b)));
  return {
    run: () => step(),
    outputs: async () => [{ name: "out", shape, data: Float32Array.from(await out.data()) }],
    release: () => [a, b, out].forEach((cell) => cell.free()),
  };
}

function convolution(one: ConvolutionCase, inputs: readonly NamedArray[]): Prepared {
  const { n, c, size, o, kernel, padding } = one;
  const apply = (x: Tensor, weight: Tensor): Tensor => conv2d(x, weight, { padding });
  const image: Shape = [n, c, size, size];
  const weights: Shape = [o, c, kernel, kernel];
  switch (one.pass) {
    case "forward":
      return onCells(inputs, ["x", "weight"], [n, o, outputSize(one), outputSize(one)], apply);
    case "inputGradient":
      // The gradient depends on the shape of x alone, and the other one on the shape of the weight alone.
      return onCells(inputs, ["ct", "weight"], image, (ct, weight) => first(vjp((x) => apply(x, weight), [zeros(image)]).pullback(ct)));
    case "weightGradient":
      return onCells(inputs, ["x", "ct"], weights, (x, ct) => first(vjp((weight) => apply(x, weight), [zeros(weights)]).pullback(ct)));
  }
  one.pass satisfies never;
  throw new Error("unknown pass");
}

function first(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors;
  if (tensor === undefined) throw new Error("no gradient");
  return tensor;
}

function build({ model }: ModelCase, inputs: readonly NamedArray[]): ReturnType<typeof lenet5> | ReturnType<typeof lenetCaffe> {
  const built = model === "lenet5" ? lenet5() : lenetCaffe();
  for (const [name, parameter] of built.parameters()) parameter.set(arrayNamed(inputs, name).data);
  return built;
}

function hostTensor(
  inputs: readonly NamedArray[],
  name: "image" | "label",
): { dtype: "float32" | "int32"; shape: Shape; data: Float32Array | Int32Array } {
  const { shape, data } = arrayNamed(inputs, name);
  return { dtype: name === "image" ? "float32" : "int32", shape, data };
}

function forward(one: ModelCase, inputs: readonly NamedArray[]): Prepared {
  const model = build(one, inputs);
  const image = hostTensor(inputs, "image");
  const step = compile((x: Tensor) => model.forward(x));
  let logits: Tensor | null = null;
  return {
    run: async () => {
      logits = step(image);
      await logits.data();
    },
    outputs: async () => (logits === null ? [] : [{ name: "logits", shape: logits.shape, data: Float32Array.from(await logits.data()) }]),
    release: () => model.free(),
  };
}

function training(one: ModelCase, inputs: readonly NamedArray[]): Prepared {
  const model = build(one, inputs);
  const image = hostTensor(inputs, "image");
  const label = hostTensor(inputs, "label");
  const optimizer = sgd({ learningRate: one.learningRate, momentum: one.momentum });
  const step = compile((x: Tensor, y: Tensor) => {
    const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(x, TRAIN), y));
    optimizer.apply(model, grads, { loss });
    return loss;
  });
  const losses: number[] = [];
  const run = async (): Promise<void> => {
    losses[0] = await step(image, label).item();
  };
  return {
    run,
    async outputs() {
      const before = losses[0] ?? Number.NaN;
      await run();
      const parameters = new Map(model.parameters());
      const after = parameterNames(one).map(async (name) => {
        const { shape } = arrayNamed(inputs, name);
        return { name, shape, data: Float32Array.from((await parameters.get(name)?.data()) ?? []) };
      });
      return [{ name: "losses", shape: [2], data: Float32Array.of(before, losses[0] ?? Number.NaN) }, ...(await Promise.all(after))];
    },
    release() {
      optimizer.free();
      model.free();
    },
  };
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  await serve(async () => gradus(Number(positionals[0] ?? 1), positionals[1]));
}
