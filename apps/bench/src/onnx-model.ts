/** One node of a graph: an operator, its inputs and outputs by name, and its attributes. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** An integer, a list of them, a text, or a number that is written as a float. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
}

/** A tensor's name, shape and dtype; float32 when left out. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype?: "float32" | "int32";
}

export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** The operator set written into models, and the format version that brought it. */
const operatorSet = 20;
const formatVersion = 9;

/**
 * The bytes of an ONNX model: the few messages of its protobuf schema that a graph of operators needs.
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
          integer(2, elementType(data)),
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

/** TensorProto.DataType. */
const elementTypes = { float32: 1, int32: 6, int64: 7 } as const;
/** AttributeProto.AttributeType. */
const attributeTypes = { float: 1, integer: 2, text: 3, integers: 7 } as const;

function elementType(data: OnnxConstant["data"]): number {
  return data instanceof Float32Array ? elementTypes.float32 : data instanceof Int32Array ? elementTypes.int32 : elementTypes.int64;
}

function nodeMessage({ operator, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => nested(5, message([text(1, name), ...attributeFields(value)]))),
  ]);
}

function attributeFields(value: OnnxAttribute): Uint8Array[] {
  if (typeof value === "string") return [text(4, value), integer(20, attributeTypes.text)];
  if (typeof value === "number") return [integer(3, value), integer(20, attributeTypes.integer)];
  if ("float" in value) return [float(2, value.float), integer(20, attributeTypes.float)];
  return [...value.map((item) => integer(8, item)), integer(20, attributeTypes.integers)];
}

function valueMessage({ name, shape, dtype = "float32" }: OnnxValue): Uint8Array {
  const dimensions = message(shape.map((size) => nested(1, message([integer(1, size)]))));
  const type = message([nested(1, message([integer(1, elementTypes[dtype]), nested(2, dimensions)]))]);
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

/** Four bytes, little-endian: wire type 5. */
function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message([Uint8Array.from(variable(field * 8 + 5)), bytes]);
}

function text(field: number, value: string): Uint8Array {
  return nested(field, new TextEncoder().encode(value));
}

function nested(field: number, bytes: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...variable(field * 8 + 2), ...variable(bytes.length)]), bytes]);
}

/** An integer, seven bits a byte, lowest first; a negative one as 64 bits of two's complement. */
function variable(value: number): number[] {
  if (value < 0) return negative(value);
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}

function negative(value: number): number[] {
  const bits = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: 10 }, (_, i) => Number((bits >> BigInt(7 * i)) & 127n) + (i < 9 ? 128 : 0));
}
