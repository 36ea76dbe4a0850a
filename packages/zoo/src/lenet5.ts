import { ArgumentError, flatten, relu, tanh, type Tensor } from "@gradus/tensor";
import { AvgPool2d, bind, type Context, Conv2d, EVAL, init, type Layer, Linear, MaxPool2d, Module } from "@gradus/nn";

export interface LeNet5Options {
  /** Height and width of the images: 28 (the default; padded to 32) or 32. */
  readonly inputSize?: 28 | 32;
  /** Channels of the images; 1 when left out. */
  readonly inputChannels?: number;
  /** 10 when left out. */
  readonly classes?: number;
  /** "tanh" (the default), or "relu" as it is mostly drawn today. */
  readonly activation?: "tanh" | "relu";
  /** "average" (the default) or "max". */
  readonly pooling?: "average" | "max";
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/**
 * LeNet-5 as it is taught: two 5x5 convolutions (6 and 16 maps), each followed by 2x2 pooling, then 120, 84 and
 * `classes` units. Every map of the second convolution reads all six maps of the first; `lenet5Sparse` has the
 * original's connections. 61,706 parameters for grey images and 10 classes.
 *
 * Takes images [n, inputChannels, size, size], gives logits [n, classes]. First weights have variance 1 / fanIn and biases are 0 for tanh (LeCun
 * et al., "Efficient BackProp", 1998, section 4.6), PyTorch's for relu. Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998, section II.
 *
 * @throws ArgumentError for another input size.
 */
export function lenet5({ seed = 0, ...options }: LeNet5Options = {}): LeNet5 {
  return bind(new LeNet5(options), seed);
}

export class LeNet5 extends Module {
  readonly conv1: Conv2d;
  readonly pool1: Layer;
  readonly conv2: Conv2d;
  readonly pool2: Layer;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;
  readonly #activate: (x: Tensor) => Tensor;

  constructor({
    inputSize = 28,
    inputChannels = 1,
    classes = 10,
    activation = "tanh",
    pooling = "average",
  }: Omit<LeNet5Options, "seed"> = {}) {
    super();
    const pool = (): Layer => (pooling === "max" ? new MaxPool2d(2) : new AvgPool2d(2));
    // PyTorch's first weights would shrink the signal behind each tanh; with variance 1 / fanIn it keeps its size.
    const first =
      activation === "tanh" ? { initialiser: init.kaimingUniform({ nonlinearity: "linear" }), biasInitialiser: init.zeros() } : {};
    this.conv1 = new Conv2d(inputChannels, 6, { kernel: 5, padding: paddingTo32(inputSize), ...first });
    this.pool1 = pool();
    this.conv2 = new Conv2d(6, 16, { kernel: 5, ...first });
    this.pool2 = pool();
    this.fc1 = new Linear(16 * 5 * 5, 120, first);
    this.fc2 = new Linear(120, 84, first);
    this.fc3 = new Linear(84, classes, first);
    this.#activate = activation === "relu" ? relu : tanh;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const maps = this.pool1.forward(this.#activate(this.conv1.forward(x)), ctx);
    const features = this.pool2.forward(this.#activate(this.conv2.forward(maps)), ctx);
    const hidden = this.#activate(this.fc2.forward(this.#activate(this.fc1.forward(flatten(features)))));
    return this.fc3.forward(hidden);
  }
}

/** The zeros around an image that make it 32x32, the size LeNet-5 was designed for. */
export function paddingTo32(inputSize: number): number {
  if (inputSize === 28) return 2;
  if (inputSize === 32) return 0;
  throw new ArgumentError("zoo/input-size", `takes images of 28x28 or 32x32, not ${inputSize}x${inputSize}`, {
    subject: "lenet5",
    hint: "resize or pad the images",
  });
}
