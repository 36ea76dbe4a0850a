import type { Tensor } from "@gradus/tensor";
import type { Updated } from "../rule.ts";

/** What follows an update is given: one parameter before and after the rule, and what was kept of it from earlier steps. */
export interface AfterCall<S extends string> {
  /** The parameter before this step. */
  readonly before: Tensor;
  /** The parameter as the rule, and what came before in the list, left it. */
  readonly param: Tensor;
  /** Of the parameter's shape; zeros at first. */
  readonly slots: Readonly<Record<S, Tensor>>;
  /** A float32 scalar: 1 in the first step. */
  readonly step: Tensor;
}

/**
 * What is done to every parameter after a rule has updated it, whatever the rule: a constraint, an average.
 *
 * Like a rule it is recorded once, and what it keeps lives in the optimizer's slots: guarded, saved and resumed with them.
 */
export interface AfterUpdate<S extends string = string> {
  readonly name: string;
  /** What is kept of each parameter from step to step. */
  readonly slots: readonly S[];
  follow(call: AfterCall<S>): Updated<S>;
}
