import {
  arrayNamed,
  Cannot,
  type ConvolutionAttributes,
  interpret,
  type NamedArray,
  type OpTable,
  type PerfCase,
  type PoolingAttributes,
  programShapes,
  valueOf,
} from "@gradus/conformance/perf";
import type { OnnxConstant, OnnxGraph, OnnxNode, OnnxValue } from "./onnx-model.ts";

/**
 * A case as an ONNX graph: parameters are its constants, everything else is fed; outputs have the case's names.
 *
 * @throws Cannot for training, and for ops that ONNX lacks.
 */
export function onnxGraph(one: PerfCase, inputs: readonly NamedArray[]): OnnxGraph {
  if (one.mode.kind === "training") throw new Cannot("it runs models and does not train them");
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  for (const { name, role } of one.inputs) if (role === "parameter") constants.push(arrayNamed(inputs, name));
  const shapes = programShapes(one);
  const made = interpret(one.steps, onnxOps(nodes, constants, shapes), new Map(one.inputs.map(({ name }) => [name, name])));
  const outputs = one.mode.outputs.map((name): OnnxValue => {
    nodes.push({ operator: "Identity", inputs: [valueOf(made, name)], outputs: [name] });
    const integers = one.steps.some(({ op, out }) => op === "argmax" && out === name);
    return { name, shape: valueOf(shapes, name), dtype: integers ? "int32" : "float32" };
  });
  return { nodes, inputs: one.inputs.filter(({ role }) => role !== "parameter"), outputs, constants };
}

/** The vocabulary as functions of values' names, that add nodes to a graph. The shapes are those of the case's inputs at least. */
function onnxOps(nodes: OnnxNode[], constants: OnnxConstant[], shapes: ReadonlyMap<string, readonly number[]>): OpTable<string> {
  const node = (operator: string, inputs: readonly string[], attributes: NonNullable<OnnxNode["attributes"]> = {}): string => {
    const out = `#${nodes.length}`;
    nodes.push({ operator, inputs, outputs: [out], attributes });
    return out;
  };
  const constant = (data: OnnxConstant["data"], shape: readonly number[] = [data.length]): string => {
    const name = `#constant ${constants.length}`;
    constants.push({ name, shape, data });
    return name;
  };
  const integers = (values: readonly number[]): string => constant(BigInt64Array.from(values, BigInt));
  const reduce = (operator: string, x: string, axes: readonly number[], keepdims: 0 | 1 = 0): string =>
    node(operator, [x, integers(axes)], { keepdims });
  const plain =
    (operator: string) =>
    (_: unknown, ...inputs: readonly string[]): string =>
      node(operator, inputs);
  const perChannel = (x: string): string => node("Reshape", [x, integers([1, -1, 1, 1])]);

  return {
    matmul: ({ transposeA, transposeB }, a, b) =>
      transposeA || transposeB ? node("Gemm", [a, b], { transA: Number(transposeA), transB: Number(transposeB) }) : node("MatMul", [a, b]),
    conv2d: (options, ...inputs) => node("Conv", inputs, convolutionAttributes(options)),
    conv2dInputGrad: ({ inputShape, ...options }, ct, weight) => {
      const reach = options.dilation * ((valueOf(shapes, weight)[2] ?? 1) - 1) + 1;
      const least = ((valueOf(shapes, ct)[2] ?? 1) - 1) * options.stride - 2 * options.padding + reach;
      const beyond = inputShape[2] - least;
      return node("ConvTranspose", [ct, weight], { ...convolutionAttributes(options), output_padding: [beyond, beyond] });
    },
    conv2dWeightGrad: () => {
      throw new Cannot("ONNX has no operator for a convolution's weight gradient");
    },
    maxPool: (options, x) => node("MaxPool", [x], poolingAttributes(options)),
    avgPool: (options, x) => node("AveragePool", [x], { ...poolingAttributes(options), count_include_pad: 1 }),
    globalAvgPool: (_, x) => node("Flatten", [node("GlobalAveragePool", [x])], { axis: 1 }),
    copy: plain("Identity"),
    neg: plain("Neg"),
    abs: plain("Abs"),
    exp: plain("Exp"),
    erf: plain("Erf"),
    relu: plain("Relu"),
    tanh: plain("Tanh"),
    sigmoid: plain("Sigmoid"),
    gelu: (_, x) => node("Gelu", [x], { approximate: "tanh" }),
    add: plain("Add"),
    sub: plain("Sub"),
    mul: plain("Mul"),
    maximum: plain("Max"),
    linear: (_, x, weight, bias) => node("Gemm", [x, weight, bias], { transB: 1 }),
    softmax: (_, x) => node("Softmax", [x], { axis: -1 }),
    layerNorm: ({ epsilon }, x, weight, bias) => node("LayerNormalization", [x, weight, bias], { axis: -1, epsilon: { float: epsilon } }),
    // BatchNormalization takes the batch's own statistics only in builds made for training.
    batchNorm: ({ epsilon }, x, weight, bias) => {
      const centred = node("Sub", [x, reduce("ReduceMean", x, [0, 2, 3], 1)]);
      const variance = reduce("ReduceMean", node("Mul", [centred, centred]), [0, 2, 3], 1);
      const deviation = node("Sqrt", [node("Add", [variance, constant(Float32Array.of(epsilon))])]);
      const scale = node("Div", [perChannel(weight), deviation]);
      return node("Add", [node("Mul", [centred, scale]), perChannel(bias)]);
    },
    batchNormInference: ({ epsilon }, ...inputs) => node("BatchNormalization", inputs, { epsilon: { float: epsilon } }),
    sum: ({ axes }, x) => reduce("ReduceSum", x, axes),
    mean: ({ axes }, x) => reduce("ReduceMean", x, axes),
    max: ({ axes }, x) => reduce("ReduceMax", x, axes),
    argmax: ({ axis }, x) => node("Cast", [node("ArgMax", [x], { axis, keepdims: 0 })], { to: int32 }),
    embedding: plain("Gather"),
    slice: ({ axis, start, end }, x) => node("Slice", [x, integers([start]), integers([end]), integers([axis])]),
    flatten: (_, x) => node("Flatten", [x], { axis: 1 }),
  };
}

/** TensorProto.DataType.INT32. */
const int32 = 6;

function convolutionAttributes({ stride, padding, dilation, groups }: ConvolutionAttributes): NonNullable<OnnxNode["attributes"]> {
  return { strides: [stride, stride], pads: sides(padding), dilations: [dilation, dilation], group: groups };
}

function poolingAttributes({ kernel, stride, padding }: PoolingAttributes): NonNullable<OnnxNode["attributes"]> {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: sides(padding) };
}

function sides(padding: number): readonly number[] {
  return [padding, padding, padding, padding];
}
