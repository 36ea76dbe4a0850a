import { arrayNamed, difference, drawInputs, modelCase } from "@gradus/conformance/perf";
import { fromHost } from "@gradus/tensor";
import { lenet5, lenetCaffe } from "@gradus/zoo";
import { expect, test } from "vitest";
import { gradus } from "../src/libraries/gradus-wasm.ts";

test.each([
  ["lenet5", lenet5()],
  ["lenetCaffe", lenetCaffe()],
] as const)("%s as a program is the zoo's, with the zoo's names and logits", async (name, model) => {
  const one = modelCase(name, "forward", 3);
  const inputs = drawInputs(one);
  const parameters = one.inputs.filter(({ role }) => role === "parameter");
  expect(parameters.map(({ name: path, shape }) => [path, shape])).toEqual(
    [...model.parameters()].map(([path, { shape }]) => [path, shape]),
  );
  for (const [path, parameter] of model.parameters()) parameter.set(arrayNamed(inputs, path).data);

  const prepared = await (await gradus(1)).prepare(one, inputs);
  await prepared.run();
  const { shape, data } = arrayNamed(inputs, "image");
  const logits = model.forward(fromHost(shape, "float32", data));
  const expected = [{ name: "logits", shape: logits.shape, data: Float32Array.from(await logits.data()) }];
  expect(difference(expected, await prepared.outputs(), 1e-5)).toBeNull();
  // Other parameters give other logits: the comparison is of something.
  for (const [, parameter] of model.parameters()) parameter.set(new Float32Array(parameter.size).fill(0.01));
  const others = model.forward(fromHost(shape, "float32", data));
  const changed = [{ name: "logits", shape, data: Float32Array.from(await others.data()) }];
  expect(difference(changed, await prepared.outputs(), 1e-5)).toMatch(/differs/);
});
