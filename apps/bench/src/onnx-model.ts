/** One node of a graph: an operator, its inputs and outputs by name, and attributes that are integers or lists of them. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly (OnnxValue & { readonly data: Float32Array })[];
}

/** A float32 tensor's name and shape. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The operator set written into models, and the format version that brought it. */
const operatorSet = 17;
const formatVersion = 8;

/**
 * The bytes of an ONNX model: the few messages of its protobuf schema that a graph of float32 operators needs.
 *
 * Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export function onnxModel({ nodes, inputs, outputs, constants }: OnnxGraph): Uint8Array {
  const graph = message([
    ...nodes.map((node) => nested(1, nodeMessage(node))),
    text(2, "graph"),
    ...constants.map(({ name, shape, data }) =>
      nested(
        5,
        message([
          ...shape.map((size) => integer(1, size)),
          integer(2, float32),
          text(8, name),
          nested(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
        ]),
      ),
    ),
    ...inputs.map((value) => nested(11, valueMessage(value))),
    ...outputs.map((value) => nested(12, valueMessage(value))),
  ]);
  return message([integer(1, formatVersion), nested(7, graph), nested(8, message([integer(2, operatorSet)]))]);
}

/** TensorProto.DataType.FLOAT. */
const float32 = 1;
/** AttributeProto.AttributeType. */
const attributeTypes = { integer: 2, integers: 7 } as const;

function nodeMessage({ operator, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      nested(
        5,
        message(
          typeof value === "number"
            ? [text(1, name), integer(3, value), integer(20, attributeTypes.integer)]
            : [text(1, name), ...value.map((item) => integer(8, item)), integer(20, attributeTypes.integers)],
        ),
      ),
    ),
  ]);
}

function valueMessage({ name, shape }: OnnxValue): Uint8Array {
  const dimensions = message(shape.map((size) => nested(1, message([integer(1, size)]))));
  const type = message([nested(1, message([integer(1, float32), nested(2, dimensions)]))]);
  return message([text(1, name), nested(2, type)]);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((length, field) => length + field.length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...variable(field * 8), ...variable(value)]);
}

function text(field: number, value: string): Uint8Array {
  return nested(field, new TextEncoder().encode(value));
}

function nested(field: number, bytes: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...variable(field * 8 + 2), ...variable(bytes.length)]), bytes]);
}

/** A non-negative integer, seven bits a byte, lowest first. */
function variable(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}
