import { attentionCase } from "./attention-case.ts";
import { convolutionCase, type ConvolutionSizes, passes } from "./convolution-case.ts";
import { gruCase } from "./gru-case.ts";
import { lstmCase, lstmLayersTrainingCase, lstmTrainingCase } from "./lstm-case.ts";
import { matmulCase, type MatmulSizes } from "./matmul-case.ts";
import { memoryCases } from "./memory-cases.ts";
import { modelCase } from "./model-case.ts";
import { otherConvolutionCases } from "./other-convolution-cases.ts";
import type { PerfCase } from "./perf-case.ts";

const products: readonly MatmulSizes[] = [
  ...[64, 128, 256, 512, 1024, 2048].map((size) => ({ m: size, k: size, n: size })),
  { m: 1, k: 512, n: 512 },
  { m: 8, k: 512, n: 512 },
  { m: 64, k: 800, n: 500 },
  { m: 128, k: 128, n: 128, batch: 16 },
  { m: 512, k: 512, n: 512, transposeA: true },
  { m: 512, k: 512, n: 512, transposeB: true },
];

const convolutions: readonly ConvolutionSizes[] = [
  // ResNet: the 1x1 of a bottleneck, 3x3 at each of its depths, and where one begins.
  { kernel: 1, channels: 64, filters: 256, size: 56, batch: 8 },
  { kernel: 3, channels: 64, filters: 64, size: 56, batch: 8, padding: 1 },
  { kernel: 3, channels: 128, filters: 128, size: 28, batch: 8, padding: 1 },
  { kernel: 3, channels: 256, filters: 256, size: 14, batch: 8, padding: 1 },
  { kernel: 3, channels: 512, filters: 512, size: 7, batch: 8, padding: 1 },
  { kernel: 3, channels: 64, filters: 128, size: 56, batch: 8, padding: 1, stride: 2 },
  { kernel: 7, channels: 3, filters: 64, size: 224, batch: 1, padding: 3, stride: 2 },
  { kernel: 7, channels: 3, filters: 64, size: 224, batch: 8, padding: 3, stride: 2 },
  // VGG.
  { kernel: 3, channels: 64, filters: 64, size: 112, batch: 1, padding: 1 },
  { kernel: 3, channels: 64, filters: 64, size: 224, batch: 1, padding: 1 },
  // AlexNet: its first two.
  { kernel: 11, channels: 3, filters: 64, size: 224, batch: 8, padding: 2, stride: 4 },
  { kernel: 5, channels: 64, filters: 192, size: 27, batch: 8, padding: 2 },
  // Caffe's LeNet: its second.
  { kernel: 5, channels: 20, filters: 50, size: 12, batch: 64 },
  // MobileNet.
  { kernel: 3, channels: 32, filters: 32, size: 112, batch: 8, padding: 1, groups: 32 },
  { kernel: 3, channels: 64, filters: 64, size: 112, batch: 8, padding: 1, groups: 64, stride: 2 },
  { kernel: 3, channels: 256, filters: 256, size: 28, batch: 8, padding: 1, groups: 256 },
  // ResNeXt, and groups as wide as AlexNet's were.
  { kernel: 3, channels: 128, filters: 128, size: 28, batch: 8, padding: 1, groups: 32 },
  { kernel: 3, channels: 128, filters: 128, size: 28, batch: 8, padding: 1, groups: 4 },
  { kernel: 3, channels: 64, filters: 64, size: 28, batch: 8, padding: 2, dilation: 2 },
];

/** Everything that is measured. */
export const cases: readonly PerfCase[] = [
  ...products.map(matmulCase),
  ...convolutions.flatMap((sizes) => passes.map((pass) => convolutionCase(pass, sizes))),
  ...otherConvolutionCases,
  attentionCase(8, 512, 64),
  ...memoryCases,
  gruCase(32, 256),
  lstmCase(32, 256),
  lstmTrainingCase(64, 32, 256),
  lstmLayersTrainingCase(2, 64, 32, 256),
  ...(["lenetCaffe", "lenet5", "mlp", "resnet20"] as const).flatMap((name) => [
    modelCase(name, "forward", 1),
    modelCase(name, "forward", 64),
    modelCase(name, "training", name === "resnet20" ? 32 : 64),
  ]),
];
