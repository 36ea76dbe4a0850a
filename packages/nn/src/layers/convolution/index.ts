export { Conv1d, type Conv1dLayerOptions } from "./conv1d.ts";
export { Conv3d, type Conv3dLayerOptions } from "./conv3d.ts";
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, type ConvTransposeLayerOptions } from "./conv-transpose.ts";
export type { ConvolutionLayerOptions } from "./convolution.ts";
export {
  LocallyConnected1d,
  type LocallyConnected1dOptions,
  LocallyConnected2d,
  type LocallyConnected2dOptions,
} from "./locally-connected.ts";
export { circularPadding, type ConvolutionPadding, type PaddingMode, reflectPadding, replicatePadding } from "./padding-mode.ts";
export { DepthwiseConv2d, type DepthwiseConv2dOptions, SeparableConv2d } from "./separable-conv2d.ts";
