import {
  arrayNamed,
  Cannot,
  type ConvolutionAttributes,
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
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  readonly conv2d: (x: Tensor, filter: Tensor, strides: number, pad: number, format: "NHWC", dilations: number) => Tensor;
  readonly depthwiseConv2d: (x: Tensor, filter: Tensor, strides: number, pad: number, format: "NHWC", dilations: number) => Tensor;
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
  add(a: Tensor, b: Tensor | number): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  maximum(a: Tensor, b: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  moments(x: Tensor, axis: number | readonly number[], keepDims?: boolean): { readonly mean: Tensor; readonly variance: Tensor };
  batchNorm(x: Tensor, mean: Tensor, variance: Tensor, offset: Tensor, scale: Tensor, epsilon: number): Tensor;
  sum(x: Tensor, axis: readonly number[]): Tensor;
  mean(x: Tensor, axis: readonly number[]): Tensor;
  max(x: Tensor, axis: readonly number[]): Tensor;
  argMax(x: Tensor, axis: number): Tensor;
  gather(x: Tensor, index: Tensor): Tensor;
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

/** How a tensor of four axes lies: images and filters in the library's own order, whichever the case's is. */
type Layout = "as it is" | "image" | "filter" | "depthwise filter";

/** For each layout, the axes of the case's tensor in the library's order, and back. */
const orders = {
  image: { into: [0, 2, 3, 1], back: [0, 3, 1, 2] },
  filter: { into: [2, 3, 1, 0], back: [3, 2, 0, 1] },
  "depthwise filter": { into: [2, 3, 0, 1], back: [2, 3, 0, 1] },
} as const;

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
          return layout === "as it is" ? given : tf.transpose(given, orders[layout].into);
        });
        values.set(name, { layout, tensor: one.mode.kind === "training" && role === "parameter" ? tf.variable(tensor) : tensor });
      }
      return one.mode.kind === "training" ? training(tf, one, one.mode, values) : evaluation(tf, one, one.mode.outputs, values);
    },
  };
}

function evaluation(tf: TensorFlow, one: PerfCase, names: readonly string[], inputs: ReadonlyMap<string, Value>): Prepared {
  const table = tfjsOps(tf);
  let latest: Value[] = [];
  const release = (values: Iterable<Value>): void => {
    for (const { tensor } of values) tensor.dispose();
  };
  return {
    async run() {
      release(latest);
      let layouts: Layout[] = [];
      const tensors = orCannot(() =>
        tf.tidy(() => {
          const made = interpret(one.steps, table, inputs);
          layouts = names.map((name) => valueOf(made, name).layout);
          return names.map((name) => valueOf(made, name).tensor);
        }),
      );
      latest = tensors.map((tensor, i) => ({ tensor, layout: layouts[i] ?? "as it is" }));
      await finished(tf);
    },
    outputs: async () => Promise.all(latest.map(async (value, i) => shown(tf, names[i] ?? "", value))),
    release: () => release([...inputs.values(), ...latest]),
  };
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
    layerNorm: ({ epsilon }, x, weight, bias) => {
      const { mean, variance } = tf.moments(x.tensor, -1, true);
      const normal = tf.mul(tf.sub(x.tensor, mean), tf.rsqrt(tf.add(variance, epsilon)));
      return plain(tf.add(tf.mul(normal, weight.tensor), bias.tensor));
    },
    batchNorm: ({ epsilon }, x, weight, bias) => {
      const { mean, variance } = tf.moments(x.tensor, [0, 1, 2]);
      return image(tf.batchNorm(x.tensor, mean, variance, bias.tensor, weight.tensor, epsilon));
    },
    batchNormInference: ({ epsilon }, x, weight, bias, mean, variance) =>
      image(tf.batchNorm(x.tensor, mean.tensor, variance.tensor, bias.tensor, weight.tensor, epsilon)),
    sum: ({ axes }, x) => plain(tf.sum(x.tensor, axes)),
    mean: ({ axes }, x) => plain(tf.mean(x.tensor, axes)),
    max: ({ axes }, x) => plain(tf.max(x.tensor, axes)),
    argmax: ({ axis }, x) => plain(tf.argMax(x.tensor, axis)),
    embedding: (_, weights, index) => plain(tf.gather(weights.tensor, index.tensor)),
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
      const ordered = layout === "image" ? tf.transpose(tensor, orders.image.back) : tensor;
      return plain(tf.reshape(ordered, [ordered.shape[0] ?? 1, -1]));
    },
  };
}

function kernelAttributes({ stride, padding, dilation }: ConvolutionAttributes): Readonly<Record<string, unknown>> {
  return { strides: [stride, stride], pad: padding, dilations: [dilation, dilation] };
}

function refuseGroups(groups: number, layout: Layout): void {
  if (groups > 1 && layout !== "depthwise filter") throw new Cannot("its convolutions have no groups, unless each is one channel");
}

function refuseDilation({ dilation }: ConvolutionAttributes, depthwise: boolean): void {
  if (dilation > 1 && !depthwise) throw new Cannot("its gradients of convolutions take no dilation");
}

/** How the library stores an input: the second argument of a convolution is a filter, other tensors of four axes are images. */
function layoutOf(name: string, shape: readonly number[], steps: readonly Step[]): Layout {
  if (shape.length !== 4) return "as it is";
  for (const { op, args, attributes } of steps) {
    if ((op === "conv2d" || op === "conv2dInputGrad") && args[1] === name)
      return attributes.groups > 1 && shape[1] === 1 && shape[0] === attributes.groups ? "depthwise filter" : "filter";
  }
  return "image";
}

/** A tensor in the case's order, on the host. */
async function shown(tf: TensorFlow, name: string, { tensor, layout }: Value): Promise<NamedArray> {
  const ordered = layout === "as it is" ? tensor : tf.transpose(tensor, orders[layout].back);
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
