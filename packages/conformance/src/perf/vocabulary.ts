/** A convolution that is alike along every axis: what it is besides its tensors. */
export interface ConvolutionAttributes {
  readonly stride: number;
  /** Zeros on every side. */
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

/** Square windows. */
export interface PoolingAttributes {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Names of what an op reads, in order, and what else it is given. */
interface Op<A extends readonly string[], B = NoAttributes> {
  readonly args: A;
  readonly attributes: B;
}

export type NoAttributes = Readonly<Record<string, never>>;
type Unary = Op<readonly [x: string]>;
type Binary = Op<readonly [a: string, b: string]>;
type Reduction = Op<readonly [x: string], { readonly axes: readonly number[] }>;

/** Every op a case may use. Images are [n, c, h, w], weights of convolutions [o, c / groups, k, k]. */
export interface Vocabulary {
  /** Products of matrices, or of batches of them; a transposed operand is stored as its transpose. */
  readonly matmul: Op<readonly [a: string, b: string], { readonly transposeA: boolean; readonly transposeB: boolean }>;
  readonly conv2d: Op<readonly [x: string, weight: string] | readonly [x: string, weight: string, bias: string], ConvolutionAttributes>;
  readonly conv2dInputGrad: Op<
    readonly [ct: string, weight: string],
    ConvolutionAttributes & { readonly inputShape: readonly [number, number, number, number] }
  >;
  readonly conv2dWeightGrad: Op<
    readonly [x: string, ct: string],
    ConvolutionAttributes & { readonly weightShape: readonly [number, number, number, number] }
  >;
  /** Sequences [n, c, t], weights [o, c / groups, k]. */
  readonly conv1d: Op<readonly [x: string, weight: string], ConvolutionAttributes>;
  /** Volumes [n, c, d, h, w], weights [o, c / groups, k, k, k]. */
  readonly conv3d: Op<readonly [x: string, weight: string], ConvolutionAttributes>;
  /** The transpose of a convolution, whose weight [c, o, k, k] it takes. */
  readonly convTranspose2d: Op<readonly [x: string, weight: string], { readonly stride: number; readonly padding: number }>;
  readonly maxPool: Op<readonly [x: string], PoolingAttributes>;
  readonly avgPool: Op<readonly [x: string], PoolingAttributes>;
  /** The mean of each channel's pixels: [n, c]. */
  readonly globalAvgPool: Unary;
  /** Every element again, in memory of its own. */
  readonly copy: Unary;
  readonly neg: Unary;
  readonly abs: Unary;
  readonly exp: Unary;
  readonly erf: Unary;
  readonly relu: Unary;
  readonly tanh: Unary;
  readonly sigmoid: Unary;
  /** By the formula with tanh. */
  readonly gelu: Unary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly maximum: Binary;
  /** x [n, in] with weight [out, in] and bias [out]: x weightᵀ + bias. */
  readonly linear: Op<readonly [x: string, weight: string, bias: string]>;
  /** Along the last axis. */
  readonly softmax: Unary;
  /** Along the last axis, then scaled and shifted by weight and bias of its size. */
  readonly layerNorm: Op<readonly [x: string, weight: string, bias: string], { readonly epsilon: number }>;
  /** Each channel of an image normalised by the batch's own mean and variance, then scaled and shifted. */
  readonly batchNorm: Op<readonly [x: string, weight: string, bias: string], { readonly epsilon: number }>;
  /** The same by a mean and a variance that are given. */
  readonly batchNormInference: Op<
    readonly [x: string, weight: string, bias: string, mean: string, variance: string],
    { readonly epsilon: number }
  >;
  /** Each sample normalised over groups of neighbouring channels, then scaled and shifted. */
  readonly groupNorm: Op<readonly [x: string, weight: string, bias: string], { readonly groups: number; readonly epsilon: number }>;
  /** Each channel of each sample normalised, then scaled and shifted. */
  readonly instanceNorm: Op<readonly [x: string, weight: string, bias: string], { readonly epsilon: number }>;
  /** Along the last axis: divided by the root of the mean square, then scaled. */
  readonly rmsNorm: Op<readonly [x: string, weight: string], { readonly epsilon: number }>;
  /** x / (k + alpha / size * Σ x^2)^beta over `size` channels around each. */
  readonly localResponseNorm: Op<
    readonly [x: string],
    { readonly size: number; readonly alpha: number; readonly beta: number; readonly k: number }
  >;
  /** Along the last axis. */
  readonly logSoftmax: Unary;
  /** The mean over samples, of logits [n, classes] and labels [n]. */
  readonly crossEntropy: Op<readonly [logits: string, label: string]>;
  /** softmax(query keyᵀ / sqrt(width)) value, of [heads, places, width] each. */
  readonly attention: Op<readonly [query: string, key: string, value: string]>;
  /** The last axis in ascending order. */
  readonly sort: Unary;
  /** The largest of the last axis, the largest first. */
  readonly topk: Op<readonly [x: string], { readonly k: number }>;
  readonly cumsum: Op<readonly [x: string], { readonly axis: number }>;
  /** x [n, m] at index [n, k]: each row at places of its own. */
  readonly gather: Op<readonly [x: string, index: string]>;
  /** Rows [k, width] added to those of zeros [rows, width] that the index [k] names. */
  readonly indexAdd: Op<readonly [index: string, updates: string], { readonly rows: number }>;
  /** Images as many times as large, by bilinear interpolation with the corners' pixels inside. */
  readonly upsampleBilinear: Op<readonly [x: string], { readonly factor: number }>;
  /**
   * Layers of an LSTM, one above the other, from zeros: x [time, batch, in] to the last one's hidden state after the last
   * step, [batch, hidden]. For each layer weight_ih, weight_hh, bias_ih and bias_hh, their rows in PyTorch's order.
   */
  readonly lstm: Op<readonly [x: string, ...weights: string[]]>;
  /** Reductions drop their axes. */
  readonly sum: Reduction;
  readonly mean: Reduction;
  readonly max: Reduction;
  /** Indices along one axis, in int32. */
  readonly argmax: Op<readonly [x: string], { readonly axis: number }>;
  /** Rows of a table: [count, width] at [k] gives [k, width]. */
  readonly embedding: Op<readonly [table: string, index: string]>;
  readonly slice: Op<readonly [x: string], { readonly axis: number; readonly start: number; readonly end: number }>;
  /** One after the other along an axis. */
  readonly concat: Op<readonly [x: string, ...others: string[]], { readonly axis: number }>;
  /** [n, ...] to [n, the product of the others]. */
  readonly flatten: Unary;
}

export type OpName = keyof Vocabulary;

/** One call: the value `out` is made from the values named in `args`. */
export type Step<K extends OpName = OpName> = {
  readonly [P in K]: {
    readonly op: P;
    readonly args: Vocabulary[P]["args"];
    readonly out: string;
    readonly attributes: Vocabulary[P]["attributes"];
  };
}[K];

/** The values an op's arguments name. */
export type Values<K extends OpName, T> = Filled<Vocabulary[K]["args"], T>;
type Filled<A extends readonly string[], T> = { -readonly [I in keyof A]: T };

/** What a library can do, on values of its own. Attributes come first, because the last argument may be left out. */
export type OpTable<T> = { readonly [K in OpName]?: Implementation<K, T> };
export type WholeOpTable<T> = { readonly [K in OpName]: Implementation<K, T> };
export type Implementation<K extends OpName, T> = (attributes: Vocabulary[K]["attributes"], ...args: Values<K, T>) => T;

/** Thrown for a case that a library cannot do, with the reason. */
export class Cannot extends Error {
  override readonly name = "Cannot";
}

/**
 * Carries a program out with one library's ops, and returns every value by name.
 *
 * @throws Cannot at an op that the library's table lacks.
 */
export function interpret<T>(steps: readonly Step[], table: OpTable<T>, inputs: ReadonlyMap<string, T>): Map<string, T> {
  const values = new Map(inputs);
  for (const step of steps) values.set(step.out, call(step, table, values));
  return values;
}

function call<K extends OpName, T>({ op, args, attributes }: Step<K>, table: OpTable<T>, values: ReadonlyMap<string, T>): T {
  const implementation: Implementation<K, T> | undefined = table[op];
  if (implementation === undefined) throw new Cannot(`this harness knows no ${op} in it`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as many values as the step's own arguments, which its type counts
  return implementation(attributes, ...(args.map((name) => valueOf(values, name)) as unknown as Values<K, T>));
}

/**
 * The value of a name.
 *
 * @throws RangeError for a name nothing has made.
 */
export function valueOf<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new RangeError(`nothing called "${name}" has been made; there are ${[...values.keys()].join(", ")}`);
  return value;
}
