import type { Shape } from "@gradus/tensor";
import { type ModelWriter } from "./model-writer.ts";

/** A model as the harness measures it: what images it takes, and how its logits for ten classes come about. */
export interface Model {
  /** Channels, height, width. */
  readonly image: Shape;
  /** Writes the layers down and returns the name of the logits. Parameters have the zoo's names. */
  write(w: ModelWriter): string;
}

export const models = {
  /** LeCun et al., 1998, as `@gradus/zoo` has it. */
  lenet5: {
    image: [1, 28, 28],
    write(w) {
      const half = { kernel: 2, stride: 2, padding: 0 };
      let x = w.pool("avgPool", w.apply("tanh", w.conv("conv1", "image", [1, 6], { kernel: 5, padding: 2 })), half);
      x = w.pool("avgPool", w.apply("tanh", w.conv("conv2", x, [6, 16], { kernel: 5 })), half);
      x = w.apply("tanh", w.linear("fc1", w.apply("flatten", x), [400, 120]));
      x = w.apply("tanh", w.linear("fc2", x, [120, 84]));
      return w.linear("fc3", x, [84, 10]);
    },
  },
  /** Caffe's LeNet, as `@gradus/zoo` has it. */
  lenetCaffe: {
    image: [1, 28, 28],
    write(w) {
      const half = { kernel: 2, stride: 2, padding: 0 };
      let x = w.pool("maxPool", w.conv("conv1", "image", [1, 20], { kernel: 5 }), half);
      x = w.pool("maxPool", w.conv("conv2", x, [20, 50], { kernel: 5 }), half);
      x = w.apply("relu", w.linear("ip1", w.apply("flatten", x), [800, 500]));
      return w.linear("ip2", x, [500, 10]);
    },
  },
  /** Two hidden layers of 512. */
  mlp: {
    image: [1, 28, 28],
    write(w) {
      let x = w.apply("relu", w.linear("fc1", w.apply("flatten", "image"), [784, 512]));
      x = w.apply("relu", w.linear("fc2", x, [512, 512]));
      return w.linear("fc3", x, [512, 10]);
    },
  },
  /** He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2, with projections where a block changes shape. */
  resnet20: {
    image: [3, 32, 32],
    write(w) {
      const convolved = (name: string, x: string, sizes: readonly [number, number], stride: number, kernel = 3): string =>
        w.batchNorm(
          `${name}.bn`,
          w.conv(`${name}.conv`, x, sizes, { kernel, stride, padding: kernel === 3 ? 1 : 0, bias: false }),
          sizes[1],
        );
      let x = w.apply("relu", convolved("stem", "image", [3, 16], 1));
      let channels = 16;
      for (const [stage, filters] of [16, 32, 64].entries()) {
        for (let block = 0; block < 3; block++) {
          const name = `stage${stage + 1}.${block}`;
          const stride = filters === channels ? 1 : 2;
          const inner = w.apply("relu", convolved(`${name}.1`, x, [channels, filters], stride));
          const outer = convolved(`${name}.2`, inner, [filters, filters], 1);
          const skipped = filters === channels ? x : convolved(`${name}.skip`, x, [channels, filters], stride, 1);
          x = w.apply("relu", w.add(outer, skipped));
          channels = filters;
        }
      }
      return w.linear("fc", w.apply("globalAvgPool", x), [64, 10]);
    },
  },
} as const satisfies Readonly<Record<string, Model>>;

export type ModelName = keyof typeof models;
