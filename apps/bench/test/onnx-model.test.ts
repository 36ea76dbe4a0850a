import { expect, test } from "vitest";
import { onnxModel } from "../src/onnx-model.ts";

/** Fields of a protobuf message: varints and floats as numbers, the rest as bytes. */
function fields(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const found: [number, number | Uint8Array][] = [];
  let at = 0;
  const variable = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = variable();
    if (tag % 8 === 0) found.push([tag >> 3, variable()]);
    else if (tag % 8 === 5) {
      found.push([tag >> 3, new DataView(bytes.buffer, bytes.byteOffset).getFloat32(at, true)]);
      at += 4;
    } else {
      const length = variable();
      found.push([tag >> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return found;
}

const values = (bytes: Uint8Array, field: number) => fields(bytes).flatMap(([number, value]) => (number === field ? [value] : []));
const messages = (bytes: Uint8Array, field: number) => values(bytes, field).filter((value) => value instanceof Uint8Array);
const texts = (bytes: Uint8Array, field: number) => messages(bytes, field).map((value) => new TextDecoder().decode(value));

test("a graph is written as onnx.proto numbers its fields", () => {
  const model = onnxModel({
    nodes: [
      {
        operator: "Conv",
        inputs: ["x", "w"],
        outputs: ["y"],
        attributes: { pads: [1, 300], group: 1, axis: -1, mode: "tanh", epsilon: { float: 0.25 } },
      },
    ],
    inputs: [{ name: "x", shape: [1, 1000, 3, 3] }],
    outputs: [{ name: "y", shape: [1, 2], dtype: "int32" }],
    constants: [
      { name: "w", shape: [2, 1], data: Float32Array.of(0.5, -2) },
      { name: "axes", shape: [1], data: BigInt64Array.of(-1n) },
    ],
  });
  expect(values(model, 1)).toEqual([9]);
  expect(values(messages(model, 8)[0] ?? model, 2)).toEqual([20]);
  const [graph = model] = messages(model, 7);
  const [node = graph] = messages(graph, 1);
  expect([texts(node, 1), texts(node, 2), texts(node, 4)]).toEqual([["x", "w"], ["y"], ["Conv"]]);
  expect(
    messages(node, 5)
      .slice(0, 3)
      .map((attribute) => [texts(attribute, 1), values(attribute, 3), values(attribute, 8), values(attribute, 20)]),
  ).toEqual([
    [["pads"], [], [1, 300], [7]],
    [["group"], [1], [], [2]],
    // 64 bits of two's complement.
    [["axis"], [2 ** 64 - 1], [], [2]],
  ]);
  const [, , , mode = node, epsilon = node] = messages(node, 5);
  expect([texts(mode, 1), texts(mode, 4), values(mode, 20)]).toEqual([["mode"], ["tanh"], [3]]);
  expect([texts(epsilon, 1), values(epsilon, 2), values(epsilon, 20)]).toEqual([["epsilon"], [0.25], [1]]);
  const [constant = graph, axes = graph] = messages(graph, 5);
  expect([values(axes, 2), messages(axes, 9)]).toEqual([[7], [new Uint8Array(8).fill(255)]]);
  expect([values(constant, 1), values(constant, 2), texts(constant, 8)]).toEqual([[2, 1], [1], ["w"]]);
  const [raw = graph] = messages(constant, 9);
  expect([...new Float32Array(raw.slice().buffer)]).toEqual([0.5, -2]);
  const [input = graph] = messages(graph, 11);
  const [type = graph] = messages(messages(input, 2)[0] ?? graph, 1);
  expect(values(type, 1)).toEqual([1]);
  const [output = graph] = messages(graph, 12);
  expect(values(messages(messages(output, 2)[0] ?? graph, 1)[0] ?? graph, 1)).toEqual([6]);
  expect(messages(messages(type, 2)[0] ?? graph, 1).flatMap((dimension) => values(dimension, 1))).toEqual([1, 1000, 3, 3]);
});
