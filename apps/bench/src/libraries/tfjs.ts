import {
  arrayNamed,
  Cannot,
  type ConvolutionAttributes,
  type GradientMode,
  gradientName,
  interpret,
  type Mode,
  type NamedArray,
  type OpTable,
  type PerfCase,
  type Prepared,
  type Step,
  valueOf,
} from "@gradus/conformance/perf";
import type { Library } from "./library.ts";

/** The part of TensorFlow.js that is used. */
export interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  engine(): { runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attributes: Readonly<Record<string, unknown>>): Tensor };
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype: "float32" | "int32"): Tensor;
  variable(initial: Tensor): Tensor;
  tidy<T>(f: () => T): T;
  keep(x: Tensor): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  readonly conv2d: (x: Tensor, filter: Tensor, strides: number, pad: number, format: "NHWC", dilations: number) => Tensor;
  readonly depthwiseConv2d: (x: Tensor, filter: Tensor, strides: number, pad: number, format: "NHWC", dilations: number) => Tensor;
  readonly conv1d: (x: Tensor, filter: Tensor, stride: number, pad: "same" | "valid", format: "NWC", dilation: number) => Tensor;
  readonly conv3d: (x: Tensor, filter: Tensor, strides: number, pad: "same" | "valid", format: "NDHWC", dilations: number) => Tensor;
  readonly conv2dTranspose: (x: Tensor, filter: Tensor, outputShape: readonly number[], strides: number, pad: number) => Tensor;
  maxPool(x: Tensor, size: number, strides: number, pad: number): Tensor;
  avgPool(x: Tensor, size: number, strides: number, pad: number): Tensor;
  neg(x: Tensor): Tensor;
  abs(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  erf(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  softmax(x: Tensor): Tensor;
  logSoftmax(x: Tensor): Tensor;
  localResponseNormalization(x: Tensor, depthRadius: number, bias: number, alpha: number, beta: number): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  maximum(a: Tensor, b: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  moments(x: Tensor, axis: number | readonly number[], keepDims?: boolean): { readonly mean: Tensor; readonly variance: Tensor };
  batchNorm(x: Tensor, mean: Tensor, variance: Tensor, offset: Tensor, scale: Tensor, epsilon: number): Tensor;
  sum(x: Tensor, axis: readonly number[]): Tensor;
  mean(x: Tensor, axis: readonly number[], keepDims?: boolean): Tensor;
  max(x: Tensor, axis: readonly number[]): Tensor;
  argMax(x: Tensor, axis: number): Tensor;
  gather(x: Tensor, index: Tensor, axis?: number, batchDims?: number): Tensor;
  scatterND(index: Tensor, updates: Tensor, shape: readonly number[]): Tensor;
  cumsum(x: Tensor, axis: number): Tensor;
  topk(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor };
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  unstack(x: Tensor, axis: number): Tensor[];
  zeros(shape: readonly number[]): Tensor;
  scalar(value: number): Tensor;
  basicLSTMCell(forgetBias: Tensor, kernel: Tensor, bias: Tensor, data: Tensor, c: Tensor, h: Tensor): [c: Tensor, h: Tensor];
  grads(f: (...inputs: Tensor[]) => Tensor): (inputs: readonly Tensor[], dy: Tensor) => Tensor[];
  readonly image: {
    readonly resizeBilinear: (x: Tensor, size: readonly [number, number], alignCorners: boolean, halfPixelCenters: boolean) => Tensor;
  };
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  oneHot(x: Tensor, depth: number): Tensor;
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  readonly train: { momentum(learningRate: number, momentum: number): Optimizer };
  backend(): object;
  readonly version_core: string;
}

/** The part of its WebGPU backend that is used. */
interface GpuBackend {
  /** Commands that are not submitted yet. */
  readonly commandEncoder?: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
  readonly queue: { onSubmittedWorkDone(): Promise<undefined> };
}

interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  data(): Promise<Float32Array | Int32Array>;
  dispose(): void;
}

interface Optimizer {
  minimize(f: () => Tensor, returnCost: true, variables: readonly Tensor[]): Tensor;
  dispose(): void;
}

/** How a tensor lies: images and filters, of as many axes as they have, in the library's own order, whichever the case's is. */
type Layout = "as it is" | "image" | "filter" | "depthwise filter";

/** For each layout, the axes of the case's tensor of a rank in the library's order: channels last, and of filters both last. */
function orderInto(layout: Layout, rank: number): readonly number[] {
  const axes = Array.from({ length: rank }, (_, i) => i);
  const places = axes.slice(2);
  return { "as it is": axes, image: [0, ...places, 1], filter: [...places, 1, 0], "depthwise filter": [...places, 0, 1] }[layout];
}

/** And back. */
function orderBack(layout: Layout, rank: number): readonly number[] {
  const into = orderInto(layout, rank);
  return into.map((_, axis) => into.indexOf(axis));
}

interface Value {
  readonly tensor: Tensor;
  readonly layout: Layout;
}

/** TensorFlow.js on one of its backends. Its images are NHWC: inputs are transposed before they are timed. */
export async function tfjs(tf: TensorFlow, backend: "wasm" | "cpu" | "webgpu"): Promise<Library> {
  if (!(await tf.setBackend(backend))) throw new Error(`its ${backend} backend does not start`);
  return {
    version: tf.version_core,
    prepare(one, inputs) {
      const values = new Map<string, Value>();
      for (const { name, shape, dtype, role } of one.inputs) {
        const layout = layoutOf(name, shape, one.steps);
        const tensor = tf.tidy(() => {
          const given = tf.tensor(arrayNamed(inputs, name).data, shape, dtype);
          return layout === "as it is" ? given : tf.transpose(given, orderInto(layout, shape.length));
        });
        values.set(name, { layout, tensor: one.mode.kind === "training" && role === "parameter" ? tf.variable(tensor) : tensor });
      }
      if (one.mode.kind === "training") return training(tf, one, one.mode, values);
      const { mode } = one;
      return repeated(
        tf,
        values,
        mode.kind === "gradient" ? () => gradients(tf, one, mode, values) : () => evaluated(tf, one, mode.outputs, values),
      );
    },
  };
}

/** Makes the same values again and again; they have the case's names. */
function repeated(tf: TensorFlow, inputs: ReadonlyMap<string, Value>, make: () => ReadonlyMap<string, Value>): Prepared {
  let latest: ReadonlyMap<string, Value> = new Map();
  const release = (values: Iterable<Value>): void => {
    for (const { tensor } of values) tensor.dispose();
  };
  return {
    async run() {
      release(latest.values());
      let made: ReadonlyMap<string, Value> = new Map();
      orCannot(() =>
        tf.tidy(() => {
          made = make();
          return [...made.values()].map(({ tensor }) => tensor);
        }),
      );
      latest = made;
      await finished(tf);
    },
    outputs: async () => Promise.all([...latest].map(async ([name, value]) => shown(tf, name, value))),
    release: () => release([...inputs.values(), ...latest.values()]),
  };
}

function evaluated(
  tf: TensorFlow,
  one: PerfCase,
  names: readonly string[],
  inputs: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value> {
  const made = interpret(one.steps, tfjsOps(tf), inputs);
  return new Map(names.map((name) => [name, valueOf(made, name)]));
}

function gradients(
  tf: TensorFlow,
  one: PerfCase,
  { of, to, cotangent }: GradientMode,
  inputs: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value> {
  const given = to.map((name) => valueOf(inputs, name));
  let value: Value | undefined;
  const pulled = tf.grads((...varied) => {
    const now = new Map([
      ...inputs,
      ...varied.map((tensor, i) => [to[i] ?? "", { tensor, layout: given[i]?.layout ?? "as it is" }] as const),
    ]);
    value = valueOf(interpret(one.steps, tfjsOps(tf), now), of);
    // Its gradients tidy up after themselves.
    return tf.keep(value.tensor);
  })(
    given.map(({ tensor }) => tensor),
    valueOf(inputs, cotangent).tensor,
  );
  if (value === undefined) throw new Error(`it never came to ${of}`);
  return new Map([
    [of, value],
    ...pulled.map((tensor, i) => [gradientName(to[i] ?? ""), { tensor, layout: given[i]?.layout ?? "as it is" }] as const),
  ]);
}

function training(
  tf: TensorFlow,
  one: PerfCase,
  { logits, label, learningRate, momentum }: Extract<Mode, { kind: "training" }>,
  inputs: ReadonlyMap<string, Value>,
): Prepared {
  const table = tfjsOps(tf);
  const optimizer = tf.train.momentum(learningRate, momentum);
  const parameters = one.inputs.filter(({ role }) => role === "parameter").map(({ name }) => name);
  const target = tf.tidy(() => tf.oneHot(valueOf(inputs, label).tensor, 10));
  const variables = parameters.map((name) => valueOf(inputs, name).tensor);
  let last = Number.NaN;
  const run = async (): Promise<void> => {
    const loss = orCannot(() =>
      optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(target, valueOf(interpret(one.steps, table, inputs), logits).tensor),
        true,
        variables,
      ),
    );
    [last = Number.NaN] = await loss.data();
    loss.dispose();
  };
  return {
    run,
    async outputs() {
      const before = last;
      await run();
      const after = parameters.map(async (name) => shown(tf, name, valueOf(inputs, name)));
      return [{ name: "losses", shape: [2], data: Float32Array.of(before, last) }, ...(await Promise.all(after))];
    },
    release() {
      optimizer.dispose();
      for (const { tensor } of [...inputs.values(), { tensor: target }]) tensor.dispose();
    },
  };
}

/** Resolves when what was asked of the backend is done: on WebGPU, calls only ask. */
async function finished(tf: TensorFlow): Promise<void> {
  const backend = tf.backend();
  if (!isGpuBackend(backend)) return;
  backend.endComputePassEncoder();
  if (typeof backend.commandEncoder === "object" && backend.commandEncoder !== null) backend.submitQueue();
  await backend.queue.onSubmittedWorkDone();
}

function isGpuBackend(backend: object): backend is GpuBackend {
  return "submitQueue" in backend;
}

/** The vocabulary in TensorFlow.js. */
function tfjsOps(tf: TensorFlow): OpTable<Value> {
  const plain = (tensor: Tensor): Value => ({ tensor, layout: "as it is" });
  const image = (tensor: Tensor): Value => ({ tensor, layout: "image" });
  const unary =
    (f: (x: Tensor) => Tensor) =>
    (_: unknown, { tensor, layout }: Value): Value => ({ tensor: f(tensor), layout });
  const binary =
    (f: (a: Tensor, b: Tensor) => Tensor) =>
    (_: unknown, a: Value, b: Value): Value => ({ tensor: f(a.tensor, b.tensor), layout: a.layout });
  const kernel = (name: string, inputs: Readonly<Record<string, Tensor>>, attributes: Readonly<Record<string, unknown>>): Tensor =>
    tf.engine().runKernel(name, inputs, { dataFormat: "NHWC", dimRoundingMode: undefined, ...attributes });
  const standardised = (x: Tensor, axes: number | readonly number[], epsilon: number): Tensor => {
    const { mean, variance } = tf.moments(x, axes, true);
    return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  };

  return {
    matmul: ({ transposeA, transposeB }, a, b) => plain(tf.matMul(a.tensor, b.tensor, transposeA, transposeB)),
    conv2d: ({ stride, padding, dilation, groups }, x, weight, bias?: Value) => {
      refuseGroups(groups, weight.layout);
      const convolve = weight.layout === "depthwise filter" ? tf.depthwiseConv2d : tf.conv2d;
      const y = convolve(x.tensor, weight.tensor, stride, padding, "NHWC", dilation);
      return image(bias === undefined ? y : tf.add(y, bias.tensor));
    },
    conv2dInputGrad: ({ inputShape: [n, c, h, w], ...options }, ct, weight) => {
      refuseGroups(options.groups, weight.layout);
      const depthwise = weight.layout === "depthwise filter";
      refuseDilation(options, depthwise);
      return image(
        kernel(
          depthwise ? "DepthwiseConv2dNativeBackpropInput" : "Conv2DBackpropInput",
          { dy: ct.tensor, filter: weight.tensor },
          { ...kernelAttributes(options), inputShape: [n, h, w, c] },
        ),
      );
    },
    conv2dWeightGrad: ({ weightShape: [o, c, h, w], ...options }, x, ct) => {
      const depthwise = options.groups > 1 && c === 1 && o === options.groups;
      const layout = depthwise ? "depthwise filter" : "filter";
      refuseGroups(options.groups, layout);
      refuseDilation(options, depthwise);
      return {
        layout,
        tensor: kernel(
          depthwise ? "DepthwiseConv2dNativeBackpropFilter" : "Conv2DBackpropFilter",
          { x: x.tensor, dy: ct.tensor },
          { ...kernelAttributes(options), filterShape: depthwise ? [h, w, o, 1] : [h, w, c, o] },
        ),
      };
    },
    conv1d: ({ stride, padding, dilation, groups }, x, weight) => {
      refuseGroups(groups, weight.layout);
      return image(tf.conv1d(x.tensor, weight.tensor, stride, padName(stride, padding, dilation, weight.tensor), "NWC", dilation));
    },
    conv3d: ({ stride, padding, dilation, groups }, x, weight) => {
      refuseGroups(groups, weight.layout);
      return image(tf.conv3d(x.tensor, weight.tensor, stride, padName(stride, padding, dilation, weight.tensor), "NDHWC", dilation));
    },
    convTranspose2d: ({ stride, padding }, x, weight) => {
      const [n = 1, h = 1, w = 1] = x.tensor.shape;
      const [kernelSize = 1, , filters = 1] = weight.tensor.shape;
      const grown = (size: number): number => (size - 1) * stride - 2 * padding + kernelSize;
      return image(tf.conv2dTranspose(x.tensor, weight.tensor, [n, grown(h), grown(w), filters], stride, padding));
    },
    maxPool: ({ kernel: size, stride, padding }, x) => image(tf.maxPool(x.tensor, size, stride, padding)),
    avgPool: ({ kernel: size, stride, padding }, x) => {
      if (padding > 0) throw new Cannot("its average pooling does not count padding");
      return image(tf.avgPool(x.tensor, size, stride, padding));
    },
    globalAvgPool: (_, x) => plain(tf.mean(x.tensor, [1, 2])),
    copy: unary((x) => tf.add(x, 0)),
    neg: unary((x) => tf.neg(x)),
    abs: unary((x) => tf.abs(x)),
    exp: unary((x) => tf.exp(x)),
    erf: unary((x) => tf.erf(x)),
    relu: unary((x) => tf.relu(x)),
    tanh: unary((x) => tf.tanh(x)),
    sigmoid: unary((x) => tf.sigmoid(x)),
    gelu: unary((x) => {
      const inner = tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    }),
    add: binary((a, b) => tf.add(a, b)),
    sub: binary((a, b) => tf.sub(a, b)),
    mul: binary((a, b) => tf.mul(a, b)),
    maximum: binary((a, b) => tf.maximum(a, b)),
    linear: (_, x, weight, bias) => plain(tf.add(tf.matMul(x.tensor, weight.tensor, false, true), bias.tensor)),
    softmax: (_, x) => plain(tf.softmax(x.tensor)),
    layerNorm: ({ epsilon }, x, weight, bias) => plain(tf.add(tf.mul(standardised(x.tensor, -1, epsilon), weight.tensor), bias.tensor)),
    batchNorm: ({ epsilon }, x, weight, bias) => {
      const { mean, variance } = tf.moments(x.tensor, [0, 1, 2]);
      return image(tf.batchNorm(x.tensor, mean, variance, bias.tensor, weight.tensor, epsilon));
    },
    batchNormInference: ({ epsilon }, x, weight, bias, mean, variance) =>
      image(tf.batchNorm(x.tensor, mean.tensor, variance.tensor, bias.tensor, weight.tensor, epsilon)),
    groupNorm: ({ groups, epsilon }, x, weight, bias) => {
      const [n = 1, h = 1, w = 1, c = 1] = x.tensor.shape;
      const grouped = tf.reshape(x.tensor, [n, h * w, groups, c / groups]);
      const perGroup = (parameter: Tensor): Tensor => tf.reshape(parameter, [1, 1, groups, c / groups]);
      const normal = standardised(grouped, [1, 3], epsilon);
      return image(tf.reshape(tf.add(tf.mul(normal, perGroup(weight.tensor)), perGroup(bias.tensor)), x.tensor.shape));
    },
    instanceNorm: ({ epsilon }, x, weight, bias) =>
      image(tf.add(tf.mul(standardised(x.tensor, [1, 2], epsilon), weight.tensor), bias.tensor)),
    rmsNorm: ({ epsilon }, x, weight) => {
      const squares = tf.mean(tf.square(x.tensor), [x.tensor.shape.length - 1], true);
      return plain(tf.mul(tf.mul(x.tensor, tf.rsqrt(tf.add(squares, epsilon))), weight.tensor));
    },
    // Its alpha is not divided by the size.
    localResponseNorm: ({ size, alpha, beta, k }, x) =>
      image(tf.localResponseNormalization(x.tensor, (size - 1) / 2, k, alpha / size, beta)),
    logSoftmax: (_, x) => plain(tf.logSoftmax(x.tensor)),
    crossEntropy: (_, logits, label) =>
      plain(tf.losses.softmaxCrossEntropy(tf.oneHot(label.tensor, logits.tensor.shape[1] ?? 0), logits.tensor)),
    attention: (_, query, key, value) => {
      const scores = tf.mul(tf.matMul(query.tensor, key.tensor, false, true), 1 / Math.sqrt(query.tensor.shape[2] ?? 1));
      return plain(tf.matMul(tf.softmax(scores), value.tensor));
    },
    // It has no sort; its top k of all are in descending order.
    sort: (_, x) => plain(tf.neg(tf.topk(tf.neg(x.tensor), x.tensor.shape.at(-1) ?? 0).values)),
    topk: ({ k }, x) => plain(tf.topk(x.tensor, k).values),
    cumsum: ({ axis }, x) => plain(tf.cumsum(x.tensor, axis)),
    gather: (_, x, index) => plain(tf.gather(x.tensor, index.tensor, 1, 1)),
    indexAdd: ({ rows }, index, updates) => {
      const [count = 0, width = 0] = updates.tensor.shape;
      return plain(tf.scatterND(tf.reshape(index.tensor, [count, 1]), updates.tensor, [rows, width]));
    },
    upsampleBilinear: ({ factor }, x) => {
      const [, h = 0, w = 0] = x.tensor.shape;
      return image(tf.image.resizeBilinear(x.tensor, [h * factor, w * factor], false, true));
    },
    lstm: (_, x, ...weights) =>
      plain(
        lstm(
          tf,
          x.tensor,
          weights.map(({ tensor }) => tensor),
        ),
      ),
    sum: ({ axes }, x) => plain(tf.sum(x.tensor, axes)),
    mean: ({ axes }, x) => plain(tf.mean(x.tensor, axes)),
    max: ({ axes }, x) => plain(tf.max(x.tensor, axes)),
    argmax: ({ axis }, x) => plain(tf.argMax(x.tensor, axis)),
    embedding: (_, weights, index) => plain(tf.gather(weights.tensor, index.tensor)),
    concat: ({ axis }, ...xs) =>
      plain(
        tf.concat(
          xs.map(({ tensor }) => tensor),
          axis,
        ),
      ),
    slice: ({ axis, start, end }, x) => {
      const begin = x.tensor.shape.map((_extent, i) => (i === axis ? start : 0));
      return plain(
        tf.slice(
          x.tensor,
          begin,
          x.tensor.shape.map((extent, i) => (i === axis ? end - start : extent)),
        ),
      );
    },
    flatten: (_, { tensor, layout }) => {
      const ordered = layout === "image" ? tf.transpose(tensor, orderBack(layout, tensor.shape.length)) : tensor;
      return plain(tf.reshape(ordered, [ordered.shape[0] ?? 1, -1]));
    },
  };
}

/** Its cell, step by step: it takes one matrix for input and hidden state, with the gates in the order i, g, f, o. */
function lstm(tf: TensorFlow, x: Tensor, weights: readonly Tensor[]): Tensor {
  const [, batch = 0] = x.shape;
  const reordered = (gates: Tensor): Tensor => {
    const [rows = 0] = gates.shape;
    const part = (gate: number): Tensor =>
      tf.slice(gates, [gate * (rows / 4), ...gates.shape.slice(1).map(() => 0)], [rows / 4, ...gates.shape.slice(1)]);
    return tf.concat([part(0), part(2), part(1), part(3)], 0);
  };
  let sequence = tf.unstack(x, 0);
  for (let i = 0; i < weights.length; i += 4) {
    const [ofInput = x, ofHidden = x, inputBias = x, hiddenBias = x] = weights.slice(i, i + 4);
    const kernel = tf.transpose(reordered(tf.concat([ofInput, ofHidden], 1)), [1, 0]);
    const bias = reordered(tf.add(inputBias, hiddenBias));
    let hidden = tf.zeros([batch, ofHidden.shape[1] ?? 0]);
    let cell = hidden;
    sequence = sequence.map((step) => {
      [cell, hidden] = tf.basicLSTMCell(tf.scalar(0), kernel, bias, step, cell, hidden);
      return hidden;
    });
  }
  return sequence.at(-1) ?? x;
}

function kernelAttributes({ stride, padding, dilation }: ConvolutionAttributes): Readonly<Record<string, unknown>> {
  return { strides: [stride, stride], pad: padding, dilations: [dilation, dilation] };
}

/** Padding by name, as its convolutions of one and three axes take it: numbers are for two. */
function padName(stride: number, padding: number, dilation: number, filter: Tensor): "same" | "valid" {
  if (padding === 0) return "valid";
  if (stride === 1 && 2 * padding === dilation * ((filter.shape[0] ?? 1) - 1)) return "same";
  throw new Cannot('its convolutions of sequences and volumes pad by "same" or not at all');
}

function refuseGroups(groups: number, layout: Layout): void {
  if (groups > 1 && layout !== "depthwise filter") throw new Cannot("its convolutions have no groups, unless each is one channel");
}

function refuseDilation({ dilation }: ConvolutionAttributes, depthwise: boolean): void {
  if (dilation > 1 && !depthwise) throw new Cannot("its gradients of convolutions take no dilation");
}

/** The convolutions of the vocabulary, whose first argument is an image and whose second is a filter. */
const convolutions: ReadonlySet<string> = new Set(["conv1d", "conv2d", "conv2dInputGrad", "conv3d", "convTranspose2d"]);

/** How the library stores an input: as the convolution that reads it has it; other tensors of four axes are images. */
function layoutOf(name: string, shape: readonly number[], steps: readonly Step[]): Layout {
  for (const { op, args, attributes } of steps) {
    if (!convolutions.has(op)) continue;
    if (args[1] === name) {
      const groups = "groups" in attributes ? attributes.groups : 1;
      return groups > 1 && shape[1] === 1 && shape[0] === groups ? "depthwise filter" : "filter";
    }
    if (args[0] === name) return "image";
  }
  return shape.length === 4 ? "image" : "as it is";
}

/** A tensor in the case's order, on the host. */
async function shown(tf: TensorFlow, name: string, { tensor, layout }: Value): Promise<NamedArray> {
  const ordered = layout === "as it is" ? tensor : tf.transpose(tensor, orderBack(layout, tensor.shape.length));
  const data = await ordered.data();
  if (ordered !== tensor) ordered.dispose();
  return { name, shape: ordered.shape, data: data.slice() };
}

/** Turns the library's complaint about a kernel that one of its backends lacks into a reason. */
function orCannot<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && error.message.includes("not registered for backend")) throw new Cannot(error.message);
    throw error;
  }
}
