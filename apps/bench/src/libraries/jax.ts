import {
  arrayNamed,
  Cannot,
  type ConvolutionAttributes,
  interpret,
  type Mode,
  type NamedArray,
  type OpTable,
  type PerfCase,
  type PoolingAttributes,
  type Prepared,
  programShapes,
  valueOf,
} from "@gradus/conformance/perf";
import type { Library } from "./library.ts";

type Axes = readonly number[];

/** The part of jax-js that is used. */
export interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R;
  readonly vjp: (f: (x: JaxArray) => JaxArray, primals: readonly [JaxArray]) => [out: JaxArray, pullback: (ct: JaxArray) => [JaxArray]];
  valueAndGrad<A extends readonly unknown[]>(f: (...args: A) => JaxArray): (...args: A) => [value: JaxArray, gradient: A[0]];
  blockUntilReady(value: unknown): Promise<unknown>;
  readonly numpy: {
    readonly array: (data: Float32Array | Int32Array, options: { shape: Axes; dtype: "float32" | "int32" }) => JaxArray;
    readonly zeros: (shape: Axes) => JaxArray;
    readonly full: (shape: Axes, value: number) => JaxArray;
    readonly matmul: (a: JaxArray, b: JaxArray) => JaxArray;
    readonly maximum: (a: JaxArray, b: JaxArray) => JaxArray;
    readonly max: (x: JaxArray, axes: Axes) => JaxArray;
    readonly mean: (x: JaxArray, axes?: Axes, options?: { keepdims: boolean }) => JaxArray;
    readonly sum: (x: JaxArray, axes: Axes | number) => JaxArray;
    readonly argmax: (x: JaxArray, axis: number) => JaxArray;
    readonly absolute: (x: JaxArray) => JaxArray;
    readonly exp: (x: JaxArray) => JaxArray;
    readonly negative: (x: JaxArray) => JaxArray;
    readonly sqrt: (x: JaxArray) => JaxArray;
    readonly square: (x: JaxArray) => JaxArray;
    readonly tanh: (x: JaxArray) => JaxArray;
    readonly take: (x: JaxArray, index: JaxArray, axis: number) => JaxArray;
    readonly transpose: (x: JaxArray) => JaxArray;
    readonly matrixTranspose: (x: JaxArray) => JaxArray;
    readonly concatenate: (arrays: readonly JaxArray[], axis: number) => JaxArray;
  };
  readonly nn: {
    readonly relu: (x: JaxArray) => JaxArray;
    readonly sigmoid: (x: JaxArray) => JaxArray;
    readonly gelu: (x: JaxArray, options: { approximate: boolean }) => JaxArray;
    readonly softmax: (x: JaxArray, axis: number) => JaxArray;
    readonly logSoftmax: (x: JaxArray, axis: number) => JaxArray;
    readonly oneHot: (x: JaxArray, classes: number) => JaxArray;
  };
  readonly lax: {
    readonly erf: (x: JaxArray) => JaxArray;
    readonly reduceWindow: (x: JaxArray, compute: (window: JaxArray) => JaxArray, extents: Axes, strides: Axes) => JaxArray;
    readonly convGeneralDilated: (
      x: JaxArray,
      weight: JaxArray,
      strides: Axes,
      padding: readonly (readonly [number, number])[],
      options: { rhsDilation: Axes; featureGroupCount: number },
    ) => JaxArray;
  };
}

/** Counted by hand: a function uses its arguments up, and `ref` is one more use. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: Axes;
  reshape(shape: Axes): JaxArray;
  slice(...index: readonly (readonly [number, number] | readonly [])[]): JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray): JaxArray;
  data(): Promise<Float32Array | Int32Array>;
  dispose(): void;
}

type Arrays = Record<string, JaxArray>;

/** jax-js on one of its devices; every program is jitted. */
export async function jaxJs(jax: Jax, device: "wasm" | "webgpu", version: string): Promise<Library> {
  if (!(await jax.init(device)).includes(device)) throw new Error(`its ${device} device does not start`);
  jax.defaultDevice(device);
  const table = jaxOps(jax);
  /** Carries the program out on arrays that it uses up, and returns the wanted values. */
  const evaluate = (one: PerfCase, inputs: Arrays, wanted: readonly string[]): JaxArray[] => {
    const values = interpret(one.steps, table, new Map(Object.entries(inputs)));
    const results = wanted.map((name) => valueOf(values, name).ref);
    for (const value of values.values()) value.dispose();
    return results;
  };
  return {
    version,
    prepare(one, inputs) {
      if (device === "wasm") refuseEndless(one);
      const given = Object.fromEntries(
        one.inputs.map(({ name, shape, dtype }) => [name, jax.numpy.array(arrayNamed(inputs, name).data, { shape, dtype })]),
      );
      return one.mode.kind === "training"
        ? training(jax, one, one.mode, given, evaluate)
        : evaluation(jax, one, one.mode.outputs, given, evaluate);
    },
  };
}

/** Floating-point operations in convolutions above which one call keeps everybody waiting. */
const endless = { forward: 2.4e9, gradient: 0.4e9, training: 2e9 };

/** @throws Cannot for cases whose single call would take many seconds. */
function refuseEndless(one: PerfCase): void {
  const shapes = programShapes(one);
  const sizeOf = (name: string): number => valueOf(shapes, name).reduce((size, extent) => size * extent, 1);
  let operations = 0;
  let pass: keyof typeof endless = one.mode.kind === "training" ? "training" : "forward";
  for (const step of one.steps) {
    // Each output is a sum over one filter; a gradient does the work of its forward pass.
    const [weights, pixels] =
      step.op === "conv2d"
        ? [valueOf(shapes, step.args[1]), sizeOf(step.out)]
        : step.op === "conv2dInputGrad"
          ? [valueOf(shapes, step.args[1]), sizeOf(step.args[0])]
          : step.op === "conv2dWeightGrad"
            ? [step.attributes.weightShape, sizeOf(step.args[1])]
            : [[], 0];
    const [, channels = 0, height = 0, width = 0] = weights;
    // A 1x1 convolution is a matrix product, which it does well.
    if (height * width === 1) continue;
    operations += 2 * pixels * channels * height * width;
    if (pixels > 0 && step.op !== "conv2d") pass = "gradient";
  }
  if (operations > endless[pass])
    throw new Cannot("a call takes too long: its convolutions ran at 0.3 GFLOP/s where this was written, their gradients at 0.01 to 0.1");
}

type Evaluate = (one: PerfCase, inputs: Arrays, wanted: readonly string[]) => JaxArray[];

function evaluation(jax: Jax, one: PerfCase, names: readonly string[], inputs: Arrays, evaluate: Evaluate): Prepared {
  const jitted = jax.jit((given: Arrays) => evaluate(one, given, names));
  let latest: JaxArray[] = [];
  return {
    async run() {
      for (const array of latest) array.dispose();
      latest = jitted(again(inputs));
      await jax.blockUntilReady(latest);
    },
    outputs: async () => Promise.all(latest.map(async (array, i) => shown(names[i] ?? "", array))),
    release() {
      for (const array of [...Object.values(inputs), ...latest]) array.dispose();
    },
  };
}

function training(
  jax: Jax,
  one: PerfCase,
  { logits, label, learningRate, momentum }: Extract<Mode, { kind: "training" }>,
  inputs: Arrays,
  evaluate: Evaluate,
): Prepared {
  const { numpy, nn } = jax;
  const names = one.inputs.filter(({ role }) => role === "parameter").map(({ name }) => name);
  const [parameterSet, batchSet] = [new Set(names), one.inputs.filter(({ role }) => role !== "parameter").map(({ name }) => name)];
  const loss = (parameters: Arrays, { [label]: target, ...batch }: Arrays): JaxArray => {
    const [scores] = evaluate(one, { ...parameters, ...batch }, [logits]);
    if (scores === undefined || target === undefined) throw new Error("no logits or no labels");
    return numpy.mean(numpy.sum(nn.logSoftmax(scores, -1).mul(nn.oneHot(target, 10)), -1)).mul(-1);
  };
  const step = jax.jit((parameters: Arrays, momenta: Arrays, batch: Arrays): [JaxArray, Arrays, Arrays] => {
    const [value, gradients] = jax.valueAndGrad(loss)(again(parameters), batch);
    const [next, nextMomenta]: [Arrays, Arrays] = [{}, {}];
    for (const [name, array] of Object.entries(parameters)) {
      const [before, gradient] = [momenta[name], gradients[name]];
      if (before === undefined || gradient === undefined) throw new Error(`no gradient of ${name}`);
      const direction = before.mul(momentum).add(gradient);
      next[name] = array.sub(direction.ref.mul(learningRate));
      nextMomenta[name] = direction;
    }
    return [value, next, nextMomenta];
  });
  const batch = Object.fromEntries(Object.entries(inputs).filter(([name]) => batchSet.includes(name)));
  let parameters = Object.fromEntries(Object.entries(inputs).filter(([name]) => parameterSet.has(name)));
  let momenta = Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, numpy.zeros(shape)]));
  let last = Number.NaN;
  const run = async (): Promise<void> => {
    const [value, next, nextMomenta] = step(parameters, momenta, again(batch));
    [parameters, momenta] = [next, nextMomenta];
    [last = Number.NaN] = await value.data();
    await jax.blockUntilReady([parameters, momenta]);
  };
  return {
    run,
    async outputs() {
      const before = last;
      await run();
      const after = Object.entries(parameters).map(async ([name, array]) => shown(name, array));
      return [{ name: "losses", shape: [2], data: Float32Array.of(before, last) }, ...(await Promise.all(after))];
    },
    release() {
      for (const array of [batch, parameters, momenta].flatMap((arrays) => Object.values(arrays))) array.dispose();
    },
  };
}

function again(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.ref]));
}

async function shown(name: string, array: JaxArray): Promise<NamedArray> {
  return { name, shape: array.shape, data: (await array.ref.data()).slice() };
}

/** The vocabulary in jax-js; every argument is kept for whoever needs it next. */
function jaxOps({ numpy, nn, lax, vjp }: Jax): OpTable<JaxArray> {
  const unary =
    (f: (x: JaxArray) => JaxArray) =>
    (_: unknown, x: JaxArray): JaxArray =>
      f(x.ref);
  const binary =
    (f: (a: JaxArray, b: JaxArray) => JaxArray) =>
    (_: unknown, a: JaxArray, b: JaxArray): JaxArray =>
      f(a.ref, b.ref);
  const convolve = (x: JaxArray, weight: JaxArray, { stride, padding, dilation, groups }: ConvolutionAttributes): JaxArray =>
    lax.convGeneralDilated(
      x,
      weight,
      [stride, stride],
      [
        [padding, padding],
        [padding, padding],
      ],
      {
        rhsDilation: [dilation, dilation],
        featureGroupCount: groups,
      },
    );
  const pullBack = (f: (x: JaxArray) => JaxArray, shape: Axes, ct: JaxArray): JaxArray => {
    const [out, pullback] = vjp(f, [numpy.zeros(shape)]);
    out.dispose();
    return pullback(ct)[0];
  };
  const perChannel = (x: JaxArray): JaxArray => x.reshape([1, -1, 1, 1]);
  const standardised = (x: JaxArray, axes: Axes, epsilon: number): JaxArray => {
    const centred = x.ref.sub(numpy.mean(x.ref, axes, { keepdims: true }));
    const variance = numpy.mean(numpy.square(centred.ref), axes, { keepdims: true });
    return centred.div(numpy.sqrt(variance.add(epsilon)));
  };
  const pool = (
    x: JaxArray,
    { kernel, stride, padding }: PoolingAttributes,
    edge: number,
    join: (x: JaxArray, axes: Axes) => JaxArray,
  ): JaxArray => {
    const [n = 1, c = 1, h = 1, w = 1] = x.shape;
    // Windows side by side are axes of their own, which is faster than gathering them.
    if (kernel === stride && padding === 0 && h % kernel === 0 && w % kernel === 0)
      return join(x.reshape([n, c, h / kernel, kernel, w / kernel, kernel]), [3, 5]);
    const padded = padding === 0 ? x : framed(x, padding, edge);
    return lax.reduceWindow(padded, (window) => join(window, [0, 1]), [kernel, kernel], [stride, stride]);
  };
  /** Its own `pad` writes zeros only. */
  const framed = (x: JaxArray, width: number, edge: number): JaxArray =>
    [2, 3].reduce((inner, axis) => {
      const side = (): JaxArray =>
        numpy.full(
          inner.shape.map((extent, i) => (i === axis ? width : extent)),
          edge,
        );
      return numpy.concatenate([side(), inner, side()], axis);
    }, x);

  return {
    matmul: ({ transposeA, transposeB }, a, b) =>
      numpy.matmul(transposeA ? numpy.matrixTranspose(a.ref) : a.ref, transposeB ? numpy.matrixTranspose(b.ref) : b.ref),
    conv2d: (options, x, weight, bias?: JaxArray) => {
      const y = convolve(x.ref, weight.ref, options);
      return bias === undefined ? y : y.add(perChannel(bias.ref));
    },
    conv2dInputGrad: ({ inputShape, ...options }, ct, weight) => pullBack((x) => convolve(x, weight.ref, options), inputShape, ct.ref),
    conv2dWeightGrad: ({ weightShape, ...options }, x, ct) => pullBack((weight) => convolve(x.ref, weight, options), weightShape, ct.ref),
    maxPool: (options, x) => pool(x.ref, options, -Infinity, numpy.max),
    avgPool: (options, x) => pool(x.ref, options, 0, numpy.mean),
    globalAvgPool: (_, x) => numpy.mean(x.ref, [2, 3]),
    copy: unary((x) => x.add(0)),
    neg: unary(numpy.negative),
    abs: unary(numpy.absolute),
    exp: unary(numpy.exp),
    erf: unary(lax.erf),
    relu: unary(nn.relu),
    tanh: unary(numpy.tanh),
    sigmoid: unary(nn.sigmoid),
    gelu: unary((x) => nn.gelu(x, { approximate: true })),
    add: binary((a, b) => a.add(b)),
    sub: binary((a, b) => a.sub(b)),
    mul: binary((a, b) => a.mul(b)),
    maximum: binary(numpy.maximum),
    linear: (_, x, weight, bias) => numpy.matmul(x.ref, numpy.transpose(weight.ref)).add(bias.ref),
    softmax: unary((x) => nn.softmax(x, -1)),
    layerNorm: ({ epsilon }, x, weight, bias) => standardised(x, [-1], epsilon).mul(weight.ref).add(bias.ref),
    batchNorm: ({ epsilon }, x, weight, bias) => standardised(x, [0, 2, 3], epsilon).mul(perChannel(weight.ref)).add(perChannel(bias.ref)),
    batchNormInference: ({ epsilon }, x, weight, bias, mean, variance) => {
      const scale = weight.ref.div(numpy.sqrt(variance.ref.add(epsilon)));
      const shift = bias.ref.sub(mean.ref.mul(scale.ref));
      return x.ref.mul(perChannel(scale)).add(perChannel(shift));
    },
    sum: ({ axes }, x) => numpy.sum(x.ref, axes),
    mean: ({ axes }, x) => numpy.mean(x.ref, axes),
    max: ({ axes }, x) => numpy.max(x.ref, axes),
    argmax: ({ axis }, x) => numpy.argmax(x.ref, axis),
    embedding: (_, rows, index) => numpy.take(rows.ref, index.ref, 0),
    slice: ({ axis, start, end }, x) => x.ref.slice(...x.shape.map((_extent, i) => (i === axis ? ([start, end] as const) : ([] as const)))),
    flatten: (_, x) => x.ref.reshape([x.shape[0] ?? 1, -1]),
  };
}
