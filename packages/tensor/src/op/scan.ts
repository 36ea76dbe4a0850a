import type { Tensor } from "../tensor.ts";
import { type AnyAttrs, type Defined, defined, type Inputs } from "./define.ts";

/** One step of a recurrence: a graph of its own, over tensors that stand for what it is given. */
export interface Body {
  /** The states before the step. */
  readonly states: readonly Tensor[];
  /** What changes from step to step: of each sequence that is walked along, one row. */
  readonly rows: readonly Tensor[];
  /** What is the same at every step. */
  readonly captured: readonly Tensor[];
  /** The states after the step. */
  readonly next: readonly Tensor[];
  /** Everything the step computes, producers first. */
  readonly computed: readonly Tensor[];
  /** Equal for bodies that compute the same. */
  readonly key: string;
}

/** A recorded recurrence. */
export interface Recurrence {
  readonly body: Body;
  readonly count: number;
  /** Whether the last row comes first. What is read along the steps is in the order of the rows either way. */
  readonly reverse: boolean;
  readonly init: readonly Tensor[];
  /** Of [count, ...] each. */
  readonly rows: readonly Tensor[];
  readonly captured: readonly Tensor[];
}

/**
 * What a tap reads: state `index` before each step and after the last ("history", count + 1 rows), after each step ("after"),
 * after the last ("last"), or computed value `index` at each step ("step"). Rows are in the order of what is walked along.
 */
export interface Tap {
  readonly scan: Tensor;
  readonly of: "history" | "after" | "last" | "step";
  readonly index: number;
}

interface Row<K extends string> {
  readonly kind: K;
  readonly name: string;
  readonly inputs: Inputs;
  readonly attrs: AnyAttrs;
}

/** A recurrence, one call for all of its steps. It has no value of its own: taps read what the steps computed. */
export interface ScanOp extends Row<"scan">, Defined {
  recurrence(scan: Tensor): Recurrence;
  /** What flows back to the inputs, from all that reached its taps: a recurrence is walked back once for all of them. */
  vjp(scan: Tensor, cotangents: readonly (readonly [tap: Tensor, cotangent: Tensor])[]): (readonly [input: Tensor, cotangent: Tensor])[];
  /** The tap of a state's history. */
  history(scan: Tensor, state: number): Tensor;
  /** The taps' values with the steps recorded one after the other: what a scan means, and what stands for it where it cannot be run. */
  unrolled(scan: Tensor): (tap: Tensor) => Tensor;
}

/** One value of a scan. */
export interface TapOp extends Row<"tap">, Defined {
  tapped(tap: Tensor): Tap;
  /** A tap of a state as part of its history; null for one of what a step computed, and a history itself. */
  inHistory(tap: Tensor): Tensor | null;
}

/** Defines the op of recurrences. */
export function defineScan(row: Omit<ScanOp, "kind" | keyof Defined>): ScanOp {
  return { ...row, kind: "scan", ...defined(row) };
}

/** Defines the op that reads what a recurrence computed. */
export function defineTap(row: Omit<TapOp, "kind" | keyof Defined>): TapOp {
  return { ...row, kind: "tap", ...defined(row) };
}
