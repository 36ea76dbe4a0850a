import { add, flatten, relu, type Tensor } from "@gradus/tensor";
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  bind,
  type Context,
  Conv2d,
  EVAL,
  init,
  type Layer,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from "@gradus/nn";

export interface ResNet18Options {
  /** Channels of the images; 3 when left out. */
  readonly inputChannels?: number;
  /** 1000 when left out. */
  readonly classes?: number;
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/**
 * ResNet-18: a 7x7 convolution, then eight blocks of two 3x3 convolutions around a shortcut, 64 to 512 channels wide.
 * 11,689,512 parameters for coloured images and 1000 classes.
 *
 * Takes images [n, inputChannels, h, w], 224x224 as published; each side is divided by 32, rounded up. Gives logits [n, classes].
 * Parameters have torchvision's names. Source: He et al., "Deep residual learning for image recognition", 2015, Table 1.
 */
export function resnet18({ seed = 0, ...options }: ResNet18Options = {}): ResNet18 {
  return bind(new ResNet18(options), seed);
}

/** Layers have torchvision's names. */
export class ResNet18 extends Module {
  readonly conv1: Conv2d;
  readonly bn1 = new BatchNorm2d(64);
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly layer1 = stage(64, 64, 1);
  readonly layer2 = stage(64, 128, 2);
  readonly layer3 = stage(128, 256, 2);
  readonly layer4 = stage(256, 512, 2);
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly fc: Linear;

  constructor({ inputChannels = 3, classes = 1000 }: Omit<ResNet18Options, "seed"> = {}) {
    super();
    this.conv1 = convolution(inputChannels, 64, { kernel: 7, stride: 2 });
    this.fc = new Linear(512, classes);
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const stem = this.maxpool.forward(relu(this.bn1.forward(this.conv1.forward(x), ctx)));
    const narrow = this.layer2.forward(this.layer1.forward(stem, ctx), ctx);
    const wide = this.layer4.forward(this.layer3.forward(narrow, ctx), ctx);
    return this.fc.forward(flatten(this.avgpool.forward(wide)));
  }
}

/** y = relu(F(x) + x), F two 3x3 convolutions; where the shape changes the shortcut is a 1x1 convolution. */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Layer | null;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = convolution(inputs, outputs, { kernel: 3, stride });
    this.bn1 = new BatchNorm2d(outputs);
    this.conv2 = convolution(outputs, outputs, { kernel: 3, stride: 1 });
    this.bn2 = new BatchNorm2d(outputs);
    const same = stride === 1 && inputs === outputs;
    this.downsample = same ? null : new Sequential(convolution(inputs, outputs, { kernel: 1, stride }), new BatchNorm2d(outputs));
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x), ctx));
    const shortcut = this.downsample === null ? x : this.downsample.forward(x, ctx);
    return relu(add(this.bn2.forward(this.conv2.forward(inner), ctx), shortcut));
  }
}

function stage(inputs: number, outputs: number, stride: number): Sequential {
  return new Sequential(new BasicBlock(inputs, outputs, stride), new BasicBlock(outputs, outputs, 1));
}

function convolution(inputs: number, outputs: number, { kernel, stride }: { readonly kernel: number; readonly stride: number }): Conv2d {
  const padding = (kernel - 1) / 2;
  return new Conv2d(inputs, outputs, { kernel, stride, padding, bias: false, initialiser: init.kaimingNormal({ mode: "fanOut" }) });
}
