import type { Tensor } from "@gradus/tensor";

/** What a rule is given: one parameter, its gradient, and what the rule kept of it from earlier steps. */
export interface UpdateCall<S extends string> {
  readonly param: Tensor;
  readonly grad: Tensor;
  /** Of the parameter's shape; zeros at first. */
  readonly slots: Readonly<Record<S, Tensor>>;
  /** A float32 scalar: 1 in the first step. */
  readonly step: Tensor;
  /** A float32 scalar: the learning rate, the parameter's scale included. */
  readonly learningRate: Tensor;
  /** The group's, or the optimizer's. */
  readonly weightDecay: number;
}

export interface Updated<S extends string> {
  readonly param: Tensor;
  readonly slots: Readonly<Record<S, Tensor>>;
}

/**
 * An optimizer: one parameter's update, as pure tensor code.
 *
 * It is recorded once and replayed at every step, so whatever depends on the step must be computed from `step`.
 */
export interface Rule<S extends string = string> {
  readonly name: string;
  /** What is kept of each parameter from step to step. */
  readonly slots: readonly S[];
  update(call: UpdateCall<S>): Updated<S>;
}
