import type { Layer } from "@gradus/nn";
import type { Shape } from "@gradus/tensor";
import { lenetCaffe } from "./lenet-caffe.ts";
import { lenet5Sparse } from "./lenet5-sparse.ts";
import { lenet5 } from "./lenet5.ts";

/** What a model is made with when it is asked for by name. */
export interface ModelOptions {
  /** The model's own number of classes when left out. */
  readonly classes?: number;
  /** Of the first weights; 0 when left out. */
  readonly seed?: number;
}

/** A model that can be asked for by name. */
export interface ModelEntry {
  make(options?: ModelOptions): Layer;
  /** Of one sample, without the batch. */
  readonly inputShape: Shape;
  readonly classes: number;
  /** One sentence. */
  readonly description: string;
}

export type ModelName = "lenet5" | "lenet5Relu" | "lenet5Sparse" | "lenetCaffe";

/** Every model by the name the command line knows it by. */
export const models: Readonly<Record<ModelName, ModelEntry>> = {
  lenet5: {
    make: (options) => lenet5(options),
    inputShape: [1, 28, 28],
    classes: 10,
    description: "LeNet-5 as it is taught: tanh, average pooling, full connections; 61,706 parameters",
  },
  lenet5Relu: {
    make: (options) => lenet5({ ...options, activation: "relu", pooling: "max" }),
    inputShape: [1, 28, 28],
    classes: 10,
    description: "LeNet-5 with rectifiers and max pooling; 61,706 parameters",
  },
  lenet5Sparse: {
    make: (options) => lenet5Sparse(options),
    inputShape: [1, 28, 28],
    classes: 10,
    description: "LeNet-5 with the connection table and trainable subsampling of 1998; 60,850 parameters",
  },
  lenetCaffe: {
    make: (options) => lenetCaffe(options),
    inputShape: [1, 28, 28],
    classes: 10,
    description: "the LeNet of Caffe's example: 20 and 50 maps, max pooling, 500 rectified units; 431,080 parameters",
  },
};
