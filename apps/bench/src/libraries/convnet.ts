import {
  arrayNamed,
  Cannot,
  interpret,
  type Mode,
  type NamedArray,
  type OpTable,
  type PerfCase,
  type Prepared,
  programShapes,
  valueOf,
} from "@gradus/conformance/perf";
import type { Library } from "./library.ts";

/** The part of ConvNetJS that is used. */
export interface ConvNet {
  readonly Vol: new (width: number, height: number, depth: number, value: number) => Volume;
  readonly Net: new () => Net;
  readonly Trainer: new (
    net: Net,
    options: { readonly method: "sgd"; readonly learning_rate: number; readonly momentum: number; readonly batch_size: number },
  ) => { train(x: Volume, label: number): { readonly cost_loss: number } };
}

/** One image: its values lie by row, then column, then channel. */
interface Volume extends Extent {
  readonly w: Float64Array;
}

interface Extent {
  readonly sx: number;
  readonly sy: number;
  readonly depth: number;
}

interface Layer {
  readonly out_sx: number;
  readonly out_sy: number;
  readonly out_depth: number;
  readonly layer_type: string;
  readonly filters?: readonly Volume[];
  readonly biases?: Volume;
}

interface Net {
  readonly layers: readonly Layer[];
  makeLayers(definitions: readonly Definition[]): void;
  forward(x: Volume): Volume;
}

type Definition = Readonly<Record<string, string | number>>;

/** ConvNetJS: networks of one layer after another, in plain JavaScript and doubles, one image at a time. */
export function convnetJs(convnet: ConvNet, version: string): Library {
  return {
    version,
    prepare(one, inputs) {
      const network = build(convnet, one, inputs);
      return one.mode.kind === "training"
        ? training(convnet, one, one.mode, network, inputs)
        : evaluation(one, resultOf(one.mode), network);
    },
  };
}

interface Network {
  readonly net: Net;
  readonly images: readonly Volume[];
  readonly weighted: readonly Weighted[];
}

/** A layer's parameters in the case and in the library, and how the inputs of one filter lie. */
interface Weighted {
  readonly weight: string;
  readonly bias: string | undefined;
  readonly filters: readonly Volume[];
  readonly biases: Volume;
  readonly extent: Extent;
}

function build(convnet: ConvNet, one: PerfCase, inputs: readonly NamedArray[]): Network {
  const input = arrayNamed(inputs, one.steps[0]?.args[0] ?? "");
  const { count, extent } = imagesOf(input.shape);
  const { definitions, parameters } = chain(one);
  const net = new convnet.Net();
  net.makeLayers([{ type: "input", out_sx: extent.sx, out_sy: extent.sy, out_depth: extent.depth }, ...definitions]);
  const weighted = net.layers
    .flatMap(({ filters, biases, layer_type: type }, i) => {
      const before = net.layers[i - 1];
      if (filters === undefined || biases === undefined || before === undefined) return [];
      const whole = { sx: before.out_sx, sy: before.out_sy, depth: before.out_depth };
      return [{ filters, biases, extent: type === "fc" ? whole : (filters[0] ?? whole) }];
    })
    .map((layer, i): Weighted => ({ ...layer, weight: parameters[i]?.weight ?? "", bias: parameters[i]?.bias }));
  for (const { weight, bias, filters, biases, extent: own } of weighted) {
    const { data } = arrayNamed(inputs, weight);
    filters.forEach((filter, i) => filter.w.set(channelsLast(data, own, i)));
    biases.w.set(bias === undefined ? new Float64Array(biases.w.length) : arrayNamed(inputs, bias).data);
  }
  const images = Array.from({ length: count }, (_, i) => {
    const image = new convnet.Vol(extent.sx, extent.sy, extent.depth, 0);
    image.w.set(channelsLast(input.data, extent, i));
    return image;
  });
  return { net, images, weighted };
}

/** A value of a program, as the layers that make it of the images; an input is made by none. */
interface Chain {
  readonly name: string;
  readonly shape: readonly number[];
  readonly definitions: readonly Definition[];
  readonly parameters: readonly Parameters[];
}

interface Parameters {
  readonly weight: string;
  readonly bias: string | undefined;
}

function chain({ inputs, steps, mode }: PerfCase): Pick<Chain, "definitions" | "parameters"> {
  const given = inputs.map(({ name, shape }): [string, Chain] => [name, { name, shape, definitions: [], parameters: [] }]);
  const made = interpret(steps, layers, new Map(given));
  const { definitions, parameters } = valueOf(made, resultOf(mode));
  if (mode.kind === "evaluate") return { definitions, parameters };
  // Its classifier brings a full connection of its own.
  return {
    definitions: [...definitions.slice(0, -1), { type: "softmax", num_classes: definitions.at(-1)?.["num_neurons"] ?? 0 }],
    parameters,
  };
}

/** The value that a network ends with. */
function resultOf(mode: Mode): string {
  switch (mode.kind) {
    case "evaluate":
      return mode.outputs[0] ?? "";
    case "gradient":
      throw new Cannot("it gives no gradient of a part of a network");
    case "training":
      return mode.logits;
  }
  mode satisfies never;
  return "";
}

/** The vocabulary as layers; what joins two values has none, for layers come one after another. */
const layers: OpTable<Chain> = {
  conv2d: ({ stride, padding, dilation, groups }, x, weight, bias?: Chain) => {
    if (dilation > 1 || groups > 1) throw new Cannot("its convolutions have neither dilation nor groups");
    const [filters = 0, , size = 0] = weight.shape;
    return then(x, { type: "conv", sx: size, filters, stride, pad: padding }, { weight: weight.name, bias: bias?.name });
  },
  linear: (_, x, weight, bias) => then(x, { type: "fc", num_neurons: weight.shape[0] ?? 0 }, { weight: weight.name, bias: bias.name }),
  maxPool: ({ kernel, stride, padding }, x) => then(x, { type: "pool", sx: kernel, stride, pad: padding }),
  relu: (_, x) => then(x, { type: "relu" }),
  tanh: (_, x) => then(x, { type: "tanh" }),
  sigmoid: (_, x) => then(x, { type: "sigmoid" }),
  flatten: (_, x) => x,
  conv2dInputGrad: refuse("its convolution makes both gradients in one loop"),
  conv2dWeightGrad: refuse("its convolution makes both gradients in one loop"),
  avgPool: refuse("its pooling takes largest values only"),
  globalAvgPool: refuse("its pooling takes largest values only"),
};

function then(x: Chain, definition: Definition, parameters?: Parameters): Chain {
  return {
    ...x,
    definitions: [...x.definitions, definition],
    parameters: parameters === undefined ? x.parameters : [...x.parameters, parameters],
  };
}

function refuse(why: string): () => Chain {
  return () => {
    throw new Cannot(why);
  };
}

function evaluation(one: PerfCase, name: string, { net, images }: Network): Prepared {
  const shape = valueOf(programShapes(one), name);
  const data = new Float32Array(shape.reduce((size, extent) => size * extent, 1));
  return {
    run() {
      images.forEach((image, i) => {
        const out = net.forward(image);
        data.set(channelsFirst(out.w, out), i * out.w.length);
      });
    },
    outputs: async () => [{ name, shape, data }],
    release() {},
  };
}

function training(
  convnet: ConvNet,
  one: PerfCase,
  { label, learningRate, momentum }: Extract<Mode, { kind: "training" }>,
  { net, images, weighted }: Network,
  inputs: readonly NamedArray[],
): Prepared {
  const labels = arrayNamed(inputs, label).data;
  const trainer = new convnet.Trainer(net, { method: "sgd", learning_rate: learningRate, momentum, batch_size: images.length });
  let last = Number.NaN;
  const run = (): void => {
    let total = 0;
    for (const [i, image] of images.entries()) total += trainer.train(image, labels[i] ?? 0).cost_loss;
    last = total / images.length;
  };
  const after = (): NamedArray[] =>
    weighted.flatMap(({ weight, bias, filters, biases, extent }) => [
      { name: weight, shape: arrayNamed(inputs, weight).shape, data: joined(filters.map(({ w }) => channelsFirst(w, extent))) },
      ...(bias === undefined ? [] : [{ name: bias, shape: [biases.w.length], data: Float32Array.from(biases.w) }]),
    ]);
  return {
    run,
    async outputs() {
      const before = last;
      run();
      return [{ name: "losses", shape: [2], data: Float32Array.of(before, last) }, ...after()];
    },
    release() {},
  };
}

/** A vector is one image of one pixel, a matrix has one in each row. */
function imagesOf(shape: readonly number[]): { readonly count: number; readonly extent: Extent } {
  const [count = 1, depth = 1, sy = 1, sx = 1] = shape.length === 1 ? [1, ...shape] : shape;
  return { count, extent: { sx, sy, depth } };
}

/** The `index`-th block of [depth, sy, sx] in the library's order [sy, sx, depth]. */
function channelsLast(data: ArrayLike<number>, { sx, sy, depth }: Extent, index: number): Float64Array {
  const pixels = sx * sy;
  const from = index * pixels * depth;
  return Float64Array.from({ length: pixels * depth }, (_, at) => data[from + (at % depth) * pixels + Math.floor(at / depth)] ?? 0);
}

/** Values in the library's order [sy, sx, depth] as [depth, sy, sx]. */
function channelsFirst(data: Float64Array, { sx, sy, depth }: Extent): Float32Array {
  const pixels = sx * sy;
  return Float32Array.from(data, (_, at) => data[(at % pixels) * depth + Math.floor(at / pixels)] ?? 0);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
