import type { HostTensor, Parameterised, Tensor } from "@gradus/tensor";

/** What the trainer asks of an optimizer; every one of @gradus/optim is one. */
export interface TrainOptimizer {
  learningRate: number;
  /** Records the update of every parameter. If `loss` is not finite, parameters and slots must stay as they are. */
  apply(model: Parameterised, grads: ReadonlyMap<string, Tensor>, options: { readonly loss: Tensor }): void;
  stateDict(): Promise<ReadonlyMap<string, HostTensor>>;
  loadStateDict(entries: ReadonlyMap<string, HostTensor>): unknown;
}
