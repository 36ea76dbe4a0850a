import { add, flatten, type Tensor } from "@gradus/tensor";
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  bind,
  type Context,
  Conv2d,
  Dropout,
  EVAL,
  init,
  type Layer,
  Linear,
  Module,
  ReLU6,
  Sequential,
} from "@gradus/nn";

export interface MobileNetV2Options {
  /** Channels of the images; 3 when left out. */
  readonly inputChannels?: number;
  /** 1000 when left out. */
  readonly classes?: number;
  /** Share of the last features left out in training; 0.2 when left out. */
  readonly dropout?: number;
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/** Rows of Table 2: expansion, channels, how many blocks, and the stride of the first. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNet V2: seventeen inverted residual blocks, which widen their input sixfold, convolve each channel by itself, and narrow it again
 * without an activation. 3,504,872 parameters for coloured images and 1000 classes.
 *
 * Takes images [n, inputChannels, h, w], 224x224 as published; each side is divided by 32, rounded up. Gives logits [n, classes].
 * Parameters have torchvision's names. Training with dropout above 0 draws, so its context needs a key.
 * Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018, Table 2.
 */
export function mobilenetV2({ seed = 0, ...options }: MobileNetV2Options = {}): MobileNetV2 {
  return bind(new MobileNetV2(options), seed);
}

/** Layers have torchvision's names. */
export class MobileNetV2 extends Module {
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly #pool = new AdaptiveAvgPool2d(1);

  constructor({ inputChannels = 3, classes = 1000, dropout = 0.2 }: Omit<MobileNetV2Options, "seed"> = {}) {
    super();
    const blocks: Layer[] = [];
    let channels = 32;
    for (const [expansion, outputs, count, first] of stages) {
      for (let i = 0; i < count; i++) {
        blocks.push(new InvertedResidual(channels, outputs, { expansion, stride: i === 0 ? first : 1 }));
        channels = outputs;
      }
    }
    this.features = new Sequential(activated(inputChannels, 32, { kernel: 3, stride: 2 }), ...blocks, activated(channels, 1280));
    this.classifier = new Sequential(
      new Dropout(dropout),
      new Linear(1280, classes, { initialiser: init.normal({ std: 0.01 }), biasInitialiser: init.zeros() }),
    );
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    return this.classifier.forward(flatten(this.#pool.forward(this.features.forward(x, ctx))), ctx);
  }
}

interface BlockOptions {
  readonly expansion: number;
  readonly stride: number;
}

class InvertedResidual extends Module {
  readonly conv: Sequential;
  readonly #residual: boolean;

  constructor(inputs: number, outputs: number, { expansion, stride }: BlockOptions) {
    super();
    const hidden = inputs * expansion;
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [activated(inputs, hidden)]),
      activated(hidden, hidden, { kernel: 3, stride, groups: hidden }),
      convolution(hidden, outputs),
      new BatchNorm2d(outputs),
    );
    this.#residual = stride === 1 && inputs === outputs;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const y = this.conv.forward(x, ctx);
    return this.#residual ? add(x, y) : y;
  }
}

interface ConvolutionShape {
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** A convolution, its normalisation and min(max(x, 0), 6). */
function activated(inputs: number, outputs: number, shape?: ConvolutionShape): Sequential {
  return new Sequential(convolution(inputs, outputs, shape), new BatchNorm2d(outputs), new ReLU6());
}

function convolution(inputs: number, outputs: number, { kernel = 1, stride = 1, groups = 1 }: ConvolutionShape = {}): Conv2d {
  const padding = (kernel - 1) / 2;
  return new Conv2d(inputs, outputs, { kernel, stride, padding, groups, bias: false, initialiser: init.kaimingNormal({ mode: "fanOut" }) });
}
