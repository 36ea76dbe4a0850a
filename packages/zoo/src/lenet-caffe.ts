import { flatten, relu, type Tensor } from "@gradus/tensor";
import { bind, type Context, Conv2d, EVAL, Linear, MaxPool2d, Module } from "@gradus/nn";

export interface LeNetCaffeOptions {
  /** Channels of the images; 1 when left out. */
  readonly inputChannels?: number;
  /** 10 when left out. */
  readonly classes?: number;
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/**
 * The LeNet that Caffe's MNIST example made common: 5x5 convolutions with 20 and 50 maps, each followed by 2x2 max
 * pooling and by no activation, then 500 rectified units. 431,080 parameters for grey images and 10 classes.
 *
 * Takes images [n, inputChannels, 28, 28], gives logits [n, classes]. First weights are PyTorch's, not Caffe's.
 * Source: Jia et al., "Caffe", 2014, examples/mnist/lenet.prototxt.
 */
export function lenetCaffe({ seed = 0, ...options }: LeNetCaffeOptions = {}): LeNetCaffe {
  return bind(new LeNetCaffe(options), seed);
}

/** Layers have Caffe's names. */
export class LeNetCaffe extends Module {
  readonly conv1: Conv2d;
  readonly pool1 = new MaxPool2d(2);
  readonly conv2 = new Conv2d(20, 50, { kernel: 5 });
  readonly pool2 = new MaxPool2d(2);
  readonly ip1 = new Linear(50 * 4 * 4, 500);
  readonly ip2: Linear;

  constructor({ inputChannels = 1, classes = 10 }: Omit<LeNetCaffeOptions, "seed"> = {}) {
    super();
    this.conv1 = new Conv2d(inputChannels, 20, { kernel: 5 });
    this.ip2 = new Linear(500, classes);
  }

  override forward(x: Tensor, _ctx: Context = EVAL): Tensor {
    const maps = this.pool1.forward(this.conv1.forward(x));
    const features = this.pool2.forward(this.conv2.forward(maps));
    return this.ip2.forward(relu(this.ip1.forward(flatten(features))));
  }
}
