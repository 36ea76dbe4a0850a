import { expect, test } from "vitest";
import { arrayNamed } from "../src/arrays.ts";
import { convolutionCase, matmulCase, outputSize } from "../src/cases.ts";
import { difference } from "../src/compare.ts";
import { inputsOf } from "../src/inputs.ts";
import { gradus } from "../src/libraries/gradus.ts";
import { product } from "./product.ts";

test("what is timed is the product of the inputs", async () => {
  const one = matmulCase(9);
  const inputs = await inputsOf(one);
  const prepared = await (await gradus(1)).prepare(one, inputs);
  await prepared.run();
  const expected = product(one, arrayNamed(inputs, "a").data, arrayNamed(inputs, "b").data);
  expect(difference([{ name: "out", shape: [9, 9], data: expected }], await prepared.outputs(), one.tolerance)).toBeNull();
});

test("both gradients of a convolution pull the same cotangent back", async () => {
  const sizes = { n: 2, c: 3, size: 5, o: 4, kernel: 3, padding: 1 };
  const library = await gradus(1);
  const results = new Map<string, Float32Array | Int32Array>();
  for (const pass of ["forward", "inputGradient", "weightGradient"] as const) {
    const one = convolutionCase(pass, sizes);
    const inputs = await inputsOf(one);
    for (const { name, data } of inputs) results.set(name, data);
    const prepared = await library.prepare(one, inputs);
    await prepared.run();
    const [out] = await prepared.outputs();
    results.set(pass, out?.data ?? new Float32Array(0));
    expect(out?.shape).toEqual(
      { forward: [2, 4, outputSize(one), outputSize(one)], inputGradient: [2, 3, 5, 5], weightGradient: [4, 3, 3, 3] }[pass],
    );
  }
  // <y(x, w), ct> = <x, dx> = <w, dw>, because a convolution is linear in each of its arguments.
  const dot = (a: string, b: string): number =>
    Array.from(results.get(a) ?? []).reduce((sum, value, i) => sum + value * (results.get(b)?.[i] ?? 0), 0);
  expect(dot("x", "inputGradient")).toBeCloseTo(dot("forward", "ct"), 3);
  expect(dot("weight", "weightGradient")).toBeCloseTo(dot("forward", "ct"), 3);
});
