import { cases, convolutionCase, drawInputs, modelCase, type PerfCase } from "@gradus/conformance/perf";
import { expect, test } from "vitest";
import { onnxGraph } from "../src/onnx-graph.ts";

test("parameters are constants, everything else is fed, and outputs keep their names", () => {
  const one = modelCase("mlp", "forward", 4);
  const graph = onnxGraph(one, drawInputs(one));
  expect(graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([["image", [4, 1, 28, 28]]]);
  expect(graph.constants.map(({ name }) => name)).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"]);
  expect(graph.outputs).toEqual([{ name: "fc3", shape: [4, 10], dtype: "float32" }]);
  expect(graph.nodes.map(({ operator }) => operator)).toEqual(["Flatten", "Gemm", "Relu", "Gemm", "Relu", "Gemm", "Identity"]);
});

test("an input gradient is a transposed convolution that fills up what the stride left over", () => {
  const sizes = { kernel: 3, channels: 4, filters: 6, size: 8, batch: 1, padding: 1, stride: 2, groups: 2 };
  const one = convolutionCase("input gradient", sizes);
  const [node] = onnxGraph(one, drawInputs(one)).nodes;
  expect(node).toMatchObject({
    operator: "ConvTranspose",
    inputs: ["ct", "weight"],
    // (4 - 1) * 2 - 2 + 3 = 7 rows, and there were 8.
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1], group: 2, output_padding: [1, 1] },
  });
  const weight = convolutionCase("weight gradient", sizes);
  expect(() => onnxGraph(weight, drawInputs(weight))).toThrow("ONNX has no operator for a convolution's weight gradient");
  const training = modelCase("mlp", "training", 2);
  expect(() => onnxGraph(training, drawInputs(training))).toThrow("it runs models and does not train them");
});

test("in every graph each name is made once, before it is read", () => {
  const evaluated = (one: PerfCase): boolean => one.mode.kind === "evaluate" && !one.name.endsWith("weight gradient");
  for (const one of cases.filter(evaluated)) {
    const empty = one.inputs.map(({ name, shape }) => ({ name, shape, data: new Float32Array(0) }));
    const { nodes, inputs, constants, outputs } = onnxGraph(one, empty);
    const made = new Set([...inputs, ...constants].map(({ name }) => name));
    for (const node of nodes) {
      expect(
        node.inputs.filter((name) => !made.has(name)),
        one.name,
      ).toEqual([]);
      expect(
        node.outputs.filter((name) => made.has(name)),
        one.name,
      ).toEqual([]);
      for (const name of node.outputs) made.add(name);
    }
    expect(
      outputs.filter(({ name }) => !made.has(name)),
      one.name,
    ).toEqual([]);
  }
});
