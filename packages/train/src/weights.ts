import type { HostTensor } from "@gradus/tensor";

/** Arrays by path: a model's parameters and buffers, or an optimizer's slots. The arrays are not to be changed. */
export type Weights = ReadonlyMap<string, HostTensor>;
