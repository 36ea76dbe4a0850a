import { add, mul, type Tensor } from "@gradus/tensor";

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
  /** The group's, or the optimizer's; 0 where decay is decoupled, since the optimizer has then shrunk `param` already. */
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

/** The gradient with an L2 penalty's: g + weightDecay * p. */
export function decayed(grad: Tensor, param: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? grad : add(grad, mul(param, weightDecay));
}

/** An average that forgets: keep * average + (1 - keep) * value. */
export function averaged(average: Tensor, value: Tensor, keep: number): Tensor {
  return add(mul(average, keep), mul(value, 1 - keep));
}
