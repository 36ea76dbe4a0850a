import { hostUniform, type Shape, sizeOf, stream } from "@gradus/tensor";
import { lenet5, lenetCaffe } from "@gradus/zoo";
import type { NamedArray } from "./arrays.ts";
import type { BenchCase, ConvolutionCase, ModelCase } from "./case.ts";
import { outputSize } from "./cases.ts";

/** The inputs of a case, the same at every run: uniform in -1 .. 1, and a model's own first parameters. */
export async function inputsOf(one: BenchCase): Promise<readonly NamedArray[]> {
  switch (one.kind) {
    case "matmul":
      return [uniform("a", [one.m, one.k]), uniform("b", [one.k, one.n])];
    case "conv2d":
      return convolutionInputs(one);
    case "model":
      return modelInputs(one);
  }
  one satisfies never;
}

function convolutionInputs(one: ConvolutionCase): NamedArray[] {
  const x = uniform("x", [one.n, one.c, one.size, one.size]);
  const weight = uniform("weight", [one.o, one.c, one.kernel, one.kernel]);
  const ct = uniform("ct", [one.n, one.o, outputSize(one), outputSize(one)]);
  return { forward: [x, weight], inputGradient: [ct, weight], weightGradient: [x, ct] }[one.pass];
}

async function modelInputs({ model, batch }: ModelCase): Promise<NamedArray[]> {
  const label = Int32Array.from({ length: batch }, (_, i) => (i * 7) % 10);
  const inputs: NamedArray[] = [uniform("image", [batch, 1, 28, 28]), { name: "label", shape: [batch], data: label }];
  const built = model === "lenet5" ? lenet5({ seed: 1 }) : lenetCaffe({ seed: 1 });
  for (const [name, parameter] of built.parameters())
    inputs.push({ name, shape: parameter.shape, data: Float32Array.from(await parameter.data()) });
  return inputs;
}

function uniform(name: string, shape: Shape): NamedArray {
  return { name, shape, data: hostUniform(stream(1, `bench/${name}`), sizeOf(shape), -1, 1) };
}
