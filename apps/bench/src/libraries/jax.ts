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
  readonly vjp: <A extends readonly JaxArray[] | [JaxArray]>(
    f: (...inputs: A) => JaxArray,
    primals: A,
  ) => [out: JaxArray, pullback: (ct: JaxArray) => A];
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
    readonly cumsum: (x: JaxArray, axis: number) => JaxArray;
    readonly sort: (x: JaxArray, axis: number) => JaxArray;
    readonly takeAlongAxis: (x: JaxArray, index: JaxArray, axis: number) => JaxArray;
    readonly moveaxis: (x: JaxArray, from: number, to: number) => JaxArray;
    readonly take: (x: JaxArray, index: JaxArray, axis: number) => JaxArray;
    readonly transpose: (x: JaxArray) => JaxArray;
    readonly matrixTranspose: (x: JaxArray) => JaxArray;
    readonly concatenate: (arrays: readonly JaxArray[], axis: number) => JaxArray;
  };
  readonly nn: {
    readonly relu: (x: JaxArray) => JaxArray;
    readonly sigmoid: (x: JaxArray) => JaxArray;
    readonly gelu: (x: JaxArray, options: { approximate: boolean }) => JaxArray;
    readonly dotProductAttention: (query: JaxArray, key: JaxArray, value: JaxArray) => JaxArray;
    readonly softmax: (x: JaxArray, axis: number) => JaxArray;
    readonly logSoftmax: (x: JaxArray, axis: number) => JaxArray;
    readonly oneHot: (x: JaxArray, classes: number) => JaxArray;
  };
  readonly lax: {
    readonly erf: (x: JaxArray) => JaxArray;
    readonly topK: (x: JaxArray, k: number) => [values: JaxArray, indices: JaxArray];
    readonly convTranspose: (
      x: JaxArray,
      weight: JaxArray,
      strides: Axes,
      padding: readonly (readonly [number, number])[],
      options: { transposeKernel: boolean },
    ) => JaxArray;
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
      const { mode } = one;
      switch (mode.kind) {
        case "evaluate":
          return repeated(jax, given, mode.outputs, (inputs) => evaluate(one, inputs, mode.outputs));
        case "gradient":
          return repeated(jax, given, [mode.of, ...mode.to.map(gradientName)], (inputs) => gradients(jax, one, mode, inputs, evaluate));
        case "training":
          return training(jax, one, mode, given, evaluate);
      }
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
        : step.op === "conv2dInputGrad" || step.op === "convTranspose2d"
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

/** Makes the values of `names` again and again, by a function that uses its inputs up. */
function repeated(jax: Jax, inputs: Arrays, names: readonly string[], make: (inputs: Arrays) => JaxArray[]): Prepared {
  const jitted = jax.jit(make);
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

function gradients(jax: Jax, one: PerfCase, { of, to, cotangent }: GradientMode, inputs: Arrays, evaluate: Evaluate): JaxArray[] {
  const arrayOf = (name: string): JaxArray => valueOf(new Map(Object.entries(inputs)), name);
  const { [cotangent]: ct = arrayOf(cotangent), ...others } = inputs;
  const [value, pullback] = jax.vjp<JaxArray[]>((...varied) => {
    const now = { ...again(others), ...Object.fromEntries(varied.map((array, i) => [to[i] ?? "", array])) };
    const [result] = evaluate(one, now, [of]);
    if (result === undefined) throw new Error(`it never came to ${of}`);
    return result;
  }, to.map(arrayOf));
  return [value, ...pullback(ct)];
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
    lax.convGeneralDilated(x, weight, alongPlaces(x, stride), alongPlaces(x, [padding, padding] as const), {
      rhsDilation: alongPlaces(x, dilation),
      featureGroupCount: groups,
    });
  const alongPlaces = <T>({ shape }: JaxArray, value: T): readonly T[] => shape.slice(2).map(() => value);
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
  /** It has no LSTM. */
  const lstm = (x: JaxArray, weights: readonly JaxArray[]): JaxArray => {
    const [time = 0, batch = 0] = x.shape;
    let sequence = Array.from({ length: time }, (_, t) => x.ref.slice([t, t + 1]).reshape([batch, -1]));
    for (let i = 0; i < weights.length; i += 4) {
      const [ofInput = x, ofHidden = x, inputBias = x, hiddenBias = x] = weights.slice(i, i + 4);
      const [, size = 0] = ofHidden.shape;
      const bias = inputBias.ref.add(hiddenBias.ref);
      const [input, recurrent] = [numpy.transpose(ofInput.ref), numpy.transpose(ofHidden.ref)];
      const product = numpy.matmul(numpy.concatenate(sequence, 0), input).add(bias);
      let [hidden, cell] = [numpy.zeros([batch, size]), numpy.zeros([batch, size])];
      sequence = sequence.map((_, t) => {
        const gates = product.ref.slice([t * batch, (t + 1) * batch]).add(numpy.matmul(hidden, recurrent.ref));
        const gate = (index: number): JaxArray => gates.ref.slice([], [index * size, (index + 1) * size]);
        cell = nn
          .sigmoid(gate(1))
          .mul(cell)
          .add(nn.sigmoid(gate(0)).mul(numpy.tanh(gate(2))));
        hidden = nn.sigmoid(gate(3)).mul(numpy.tanh(cell.ref));
        gates.dispose();
        return hidden.ref;
      });
      for (const array of [product, recurrent, hidden, cell]) array.dispose();
    }
    const last = sequence.pop() ?? x.ref;
    for (const array of sequence) array.dispose();
    return last;
  };

  return {
    matmul: ({ transposeA, transposeB }, a, b) =>
      numpy.matmul(transposeA ? numpy.matrixTranspose(a.ref) : a.ref, transposeB ? numpy.matrixTranspose(b.ref) : b.ref),
    conv2d: (options, x, weight, bias?: JaxArray) => {
      const y = convolve(x.ref, weight.ref, options);
      return bias === undefined ? y : y.add(perChannel(bias.ref));
    },
    conv2dInputGrad: ({ inputShape, ...options }, ct, weight) => pullBack((x) => convolve(x, weight.ref, options), inputShape, ct.ref),
    conv2dWeightGrad: ({ weightShape, ...options }, x, ct) => pullBack((weight) => convolve(x.ref, weight, options), weightShape, ct.ref),
    conv1d: (options, x, weight) => convolve(x.ref, weight.ref, options),
    conv3d: (options, x, weight) => convolve(x.ref, weight.ref, options),
    convTranspose2d: ({ stride, padding }, x, weight) =>
      lax.convTranspose(
        x.ref,
        weight.ref,
        [stride, stride],
        [
          [padding, padding],
          [padding, padding],
        ],
        { transposeKernel: true },
      ),
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
    groupNorm: ({ groups, epsilon }, x, weight, bias) => {
      const [n = 1, c = 1, h = 1, w = 1] = x.shape;
      const grouped = x.ref.reshape([n, groups, c / groups, h, w]);
      const normal = standardised(grouped, [2, 3, 4], epsilon).reshape([n, c, h, w]);
      grouped.dispose();
      return normal.mul(perChannel(weight.ref)).add(perChannel(bias.ref));
    },
    instanceNorm: ({ epsilon }, x, weight, bias) => standardised(x, [2, 3], epsilon).mul(perChannel(weight.ref)).add(perChannel(bias.ref)),
    rmsNorm: ({ epsilon }, x, weight) => {
      const squares = numpy.mean(numpy.square(x.ref), [-1], { keepdims: true });
      return x.ref.div(numpy.sqrt(squares.add(epsilon))).mul(weight.ref);
    },
    logSoftmax: unary((x) => nn.logSoftmax(x, -1)),
    crossEntropy: (_, logits, label) =>
      numpy.mean(numpy.sum(nn.logSoftmax(logits.ref, -1).mul(nn.oneHot(label.ref, logits.shape[1] ?? 0)), -1)).mul(-1),
    // Its heads come after the places.
    attention: (_, ...inputs) => {
      const [query, key, value] = inputs.map((x) => numpy.moveaxis(x.ref, 0, 1));
      if (query === undefined || key === undefined || value === undefined) throw new Error("attention takes three arrays");
      return numpy.moveaxis(nn.dotProductAttention(query, key, value), 1, 0);
    },
    sort: unary((x) => numpy.sort(x, -1)),
    topk: ({ k }, x) => {
      const [values, indices] = lax.topK(x.ref, k);
      indices.dispose();
      return values;
    },
    cumsum: ({ axis }, x) => numpy.cumsum(x.ref, axis),
    gather: (_, x, index) => numpy.takeAlongAxis(x.ref, index.ref, 1),
    indexAdd: ({ rows }, index, updates) =>
      pullBack((table) => numpy.take(table, index.ref, 0), [rows, ...updates.shape.slice(1)], updates.ref),
    localResponseNorm: refuse("it has no such norm"),
    upsampleBilinear: refuse("it does not resample images"),
    lstm: (_, x, ...weights) => lstm(x, weights),
    sum: ({ axes }, x) => numpy.sum(x.ref, axes),
    mean: ({ axes }, x) => numpy.mean(x.ref, axes),
    max: ({ axes }, x) => numpy.max(x.ref, axes),
    argmax: ({ axis }, x) => numpy.argmax(x.ref, axis),
    embedding: (_, rows, index) => numpy.take(rows.ref, index.ref, 0),
    slice: ({ axis, start, end }, x) => x.ref.slice(...x.shape.map((_extent, i) => (i === axis ? ([start, end] as const) : ([] as const)))),
    concat: ({ axis }, ...xs) =>
      numpy.concatenate(
        xs.map(({ ref }) => ref),
        axis,
      ),
    flatten: (_, x) => x.ref.reshape([x.shape[0] ?? 1, -1]),
  };
}

function refuse(why: string): () => JaxArray {
  return () => {
    throw new Cannot(why);
  };
}
