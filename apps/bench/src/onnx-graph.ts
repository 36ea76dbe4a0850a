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
  if (one.mode.kind !== "evaluate") throw new Cannot("it runs models and does not train them");
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
  /** The largest or smallest of the last axis, in order. */
  const best = (x: string, k: number, largest: 0 | 1): string => {
    const out = `#${nodes.length}`;
    nodes.push({
      operator: "TopK",
      inputs: [x, integers([k])],
      outputs: [out, `${out} places`],
      attributes: { axis: -1, largest, sorted: 1 },
    });
    return out;
  };
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
    conv1d: (options, ...inputs) => node("Conv", inputs, convolutionAttributes(options, 1)),
    conv3d: (options, ...inputs) => node("Conv", inputs, convolutionAttributes(options, 3)),
    convTranspose2d: (options, ...inputs) => node("ConvTranspose", inputs, convolutionAttributes({ ...options, dilation: 1, groups: 1 })),
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
    groupNorm: ({ groups, epsilon }, x, weight, bias) => {
      const grouped = node("Reshape", [x, integers([0, groups, -1])]);
      const ones = constant(new Float32Array(groups).fill(1));
      const zeros = constant(new Float32Array(groups));
      const normal = node("InstanceNormalization", [grouped, ones, zeros], { epsilon: { float: epsilon } });
      const [n = 1, c = 1, h = 1, w = 1] = valueOf(shapes, x);
      return node("Add", [node("Mul", [node("Reshape", [normal, integers([n, c, h, w])]), perChannel(weight)]), perChannel(bias)]);
    },
    instanceNorm: ({ epsilon }, ...inputs) => node("InstanceNormalization", inputs, { epsilon: { float: epsilon } }),
    rmsNorm: ({ epsilon }, x, weight) => {
      const squares = reduce("ReduceMean", node("Mul", [x, x]), [-1], 1);
      return node("Mul", [node("Div", [x, node("Sqrt", [node("Add", [squares, constant(Float32Array.of(epsilon))])])]), weight]);
    },
    localResponseNorm: ({ size, alpha, beta, k }, x) =>
      node("LRN", [x], { size, alpha: { float: alpha }, beta: { float: beta }, bias: { float: k } }),
    logSoftmax: (_, x) => node("LogSoftmax", [x], { axis: -1 }),
    crossEntropy: (_, logits, label) => {
      const chosen = node("GatherElements", [node("LogSoftmax", [logits], { axis: -1 }), node("Unsqueeze", [label, integers([1])])], {
        axis: 1,
      });
      return node("Neg", [reduce("ReduceMean", chosen, [0, 1])]);
    },
    attention: (_, query, key, value) => {
      const scale = constant(Float32Array.of(1 / Math.sqrt(valueOf(shapes, query)[2] ?? 1)));
      const scores = node("MatMul", [query, node("Transpose", [key], { perm: [0, 2, 1] })]);
      return node("MatMul", [node("Softmax", [node("Mul", [scores, scale])], { axis: -1 }), value]);
    },
    sort: (_, x) => best(x, valueOf(shapes, x).at(-1) ?? 0, 0),
    topk: ({ k }, x) => best(x, k, 1),
    cumsum: ({ axis }, x) => node("CumSum", [x, constant(BigInt64Array.of(BigInt(axis)), [])]),
    gather: (_, x, index) => node("GatherElements", [x, index], { axis: 1 }),
    indexAdd: ({ rows }, index, updates) => {
      const [, width = 0] = valueOf(shapes, updates);
      const zeros = node("Expand", [constant(Float32Array.of(0)), integers([rows, width])]);
      const places = node("Cast", [node("Unsqueeze", [index, integers([1])])], { to: int64 });
      return node("ScatterND", [zeros, places, updates], { reduction: "add" });
    },
    upsampleBilinear: ({ factor }, x) =>
      node("Resize", [x, constant(new Float32Array(0)), constant(Float32Array.of(1, 1, factor, factor))], {
        mode: "linear",
        coordinate_transformation_mode: "half_pixel",
      }),
    batchNormInference: ({ epsilon }, ...inputs) => node("BatchNormalization", inputs, { epsilon: { float: epsilon } }),
    sum: ({ axes }, x) => reduce("ReduceSum", x, axes),
    mean: ({ axes }, x) => reduce("ReduceMean", x, axes),
    max: ({ axes }, x) => reduce("ReduceMax", x, axes),
    argmax: ({ axis }, x) => node("Cast", [node("ArgMax", [x], { axis, keepdims: 0 })], { to: int32 }),
    embedding: plain("Gather"),
    slice: ({ axis, start, end }, x) => node("Slice", [x, integers([start]), integers([end]), integers([axis])]),
    concat: ({ axis }, ...xs) => node("Concat", xs, { axis }),
    flatten: (_, x) => node("Flatten", [x], { axis: 1 }),
  };
}

/** TensorProto.DataType.INT32. */
const int32 = 6;
const int64 = 7;

function convolutionAttributes(
  { stride, padding, dilation, groups }: ConvolutionAttributes,
  places = 2,
): NonNullable<OnnxNode["attributes"]> {
  const along = <T>(value: T): readonly T[] => Array.from({ length: places }, () => value);
  return { strides: along(stride), pads: [...along(padding), ...along(padding)], dilations: along(dilation), group: groups };
}

function poolingAttributes({ kernel, stride, padding }: PoolingAttributes): NonNullable<OnnxNode["attributes"]> {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: sides(padding) };
}

function sides(padding: number): readonly number[] {
  return [padding, padding, padding, padding];
}
