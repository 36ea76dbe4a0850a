import { arrayNamed, convolutionCase, difference, drawInputs, matmulCase, passes } from "@gradus/conformance/perf";
import { expect, test } from "vitest";
import { gradus } from "../src/libraries/gradus-wasm.ts";
import { product } from "./product.ts";

test("what is timed is the product of the inputs", async () => {
  const one = matmulCase({ m: 9, k: 7, n: 5 });
  const inputs = drawInputs(one);
  const prepared = await (await gradus(1)).prepare(one, inputs);
  await prepared.run();
  const expected = product(arrayNamed(inputs, "a"), arrayNamed(inputs, "b"));
  expect(difference([{ name: "out", shape: [9, 5], data: expected }], await prepared.outputs(), one.tolerance)).toBeNull();
});

test("both gradients of a convolution pull the same cotangent back", async () => {
  const sizes = { batch: 2, channels: 4, size: 5, filters: 6, kernel: 3, padding: 1, stride: 2, groups: 2 };
  const library = await gradus(1);
  const results = new Map<string, Float32Array | Int32Array>();
  for (const pass of passes) {
    const one = convolutionCase(pass, sizes);
    const inputs = drawInputs(one);
    for (const { name, data } of inputs) results.set(name, data);
    const prepared = await library.prepare(one, inputs);
    await prepared.run();
    const [out] = await prepared.outputs();
    results.set(pass, out?.data ?? new Float32Array(0));
    expect(out?.shape).toEqual({ forward: [2, 6, 3, 3], "input gradient": [2, 4, 5, 5], "weight gradient": [6, 2, 3, 3] }[pass]);
  }
  // <y(x, w), ct> = <x, dx> = <w, dw>, because a convolution is linear in each of its arguments.
  const dot = (a: string, b: string): number =>
    Array.from(results.get(a) ?? []).reduce((sum, value, i) => sum + value * (results.get(b)?.[i] ?? 0), 0);
  expect(dot("x", "input gradient")).toBeCloseTo(dot("forward", "ct"), 3);
  expect(dot("weight", "weight gradient")).toBeCloseTo(dot("forward", "ct"), 3);
});
