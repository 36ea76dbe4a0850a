import type { DType } from "../dtype.ts";
import type { Facts } from "../errors.ts";
import type { Scalar, ScalarBuilder } from "../scalar/expression.ts";
import type { IndexExpression } from "../scalar/index-expression.ts";
import type { Routine, Terms } from "./routine.ts";
import type { Shape } from "../shape.ts";
import type { Attr, Values } from "./attr.ts";

/** What is known about a tensor before it has data. */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** How an input slot is filled. */
export type Slot = "one" | "many" | "optional";
export type Inputs = Readonly<Record<string, Slot>>;
export type AnyAttrs = Readonly<Record<string, Attr<unknown>>>;

/** Maps an op's input slots onto some per-tensor type `T`. */
export type Fill<I extends Inputs, T> = {
  readonly [K in keyof I]: I[K] extends "many" ? readonly T[] : I[K] extends "optional" ? T | null : T;
};

/** Why a call is refused: a stable code, one sentence, and what helps. */
export interface Problem {
  readonly code: string;
  readonly sentence: string;
  readonly hint?: string;
  readonly facts?: Facts;
}
export type Fail = (problem: Problem) => never;

interface Row<N extends string, I extends Inputs, A extends AnyAttrs, T> {
  readonly name: N;
  readonly inputs: I;
  readonly attrs: A;
  /** Output shape and dtype; calls `fail` on a call that has none. */
  infer(x: Fill<I, Aval>, attrs: Values<A>, fail: Fail): Aval;
  /**
   * The sum of several calls' results, all of one shape, in fewer steps than adding one after the other: parts of one tensor
   * put side by side, products stacked. Null where adding is as good. Gradients are summed by it.
   */
  total?(calls: readonly { readonly x: Fill<I, T>; readonly out: T; readonly attrs: Values<A> }[]): T | null;
  /**
   * The same for one call made at every step of a scan, whose inputs are given for all steps along a first axis of their own.
   * Null where the results take less memory than the inputs.
   */
  totalOfSteps?(call: { readonly x: Fill<I, T>; readonly out: Aval; readonly attrs: Values<A> }): T | null;
  /** One cotangent per input; `null` where there is no gradient. */
  vjp(call: { readonly x: Fill<I, T>; readonly out: T; readonly ct: T; readonly attrs: Values<A> }): Fill<I, T | null>;
}

/** An input as a loop body sees it: a value at an index. */
export interface Reader extends Aval {
  at(index: readonly IndexExpression[]): Scalar;
}

/** What a loop body is given: readers, its output index, and the reduced index if it reduces. */
export interface LoopContext<I extends Inputs, A extends AnyAttrs> {
  readonly s: ScalarBuilder;
  readonly x: Fill<I, Reader>;
  readonly attrs: Values<A>;
  readonly out: Aval;
  readonly at: readonly IndexExpression[];
  readonly over: readonly IndexExpression[];
}

/** How reduced values join: argmax and argmin keep the first extreme's row-major position in the reduced extents. */
export type Combine = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/**
 * Which elements of the inputs one output element reads: its own (`pointwise`), one at a mapped index (`view`),
 * one at an index taken from data (`index`), several (`reduce`), none (`source`).
 */
export type Access = "pointwise" | "view" | "index" | "reduce" | "source";

/** What defining an op adds to its row: looked up at every recorded call, so worked out once. */
export interface Defined {
  readonly id: number;
  readonly slots: readonly string[];
  /** Whether every slot takes exactly one tensor. */
  readonly plain: boolean;
  readonly attrNames: readonly string[];
}

/** An op the core compiles from its body: no backend code. */
export interface LoopOp<N extends string, I extends Inputs, A extends AnyAttrs, T> extends Row<N, I, A, T>, Defined {
  readonly kind: "loop";
  readonly access: Access;
  /** Whether the result is its inputs one after the other in row-major order, so that they may be computed where they end up. */
  readonly joins?: (x: Fill<I, Aval>, attrs: Values<A>) => boolean;
  /** The extents reduced over and how; only, and always, for `access: "reduce"`. */
  readonly reduce?: (x: Fill<I, Aval>, attrs: Values<A>) => { readonly extents: Shape; readonly combine: Combine };
  /** The scalar program of one output element (of one term, for a reduction). */
  body(context: LoopContext<I, A>): Scalar;
}

/** An op that needs a tuned kernel in every backend. */
export interface LibraryOp<N extends string, I extends Inputs, A extends AnyAttrs, T> extends Row<N, I, A, T>, Defined {
  readonly kind: "library";
  /**
   * The output's axes as kernels see them, joined where a kernel does not tell them apart: what epilogues are written over.
   * Left out by ops whose kernels store no finished value to work on.
   */
  readonly axes?: (out: Aval, attrs: Values<A>) => Shape;
  /** For an input, the attribute with which kernels read it as if its last two axes were exchanged. */
  readonly transposes?: { readonly [K in keyof I]?: keyof A & string };
}

/** What a routine op's functions are told of a call. */
export interface RoutineCall<I extends Inputs, A extends AnyAttrs> {
  readonly x: Fill<I, Aval>;
  readonly attrs: Values<A>;
  readonly out: Aval;
}

/**
 * An op on each matrix of a batch that goes step by step, as factorisations do: it is told once, as a routine, and each backend
 * has a teller and no code for the op. Computed in float32 or better.
 */
export interface RoutineOp<N extends string, I extends Inputs, A extends AnyAttrs, T> extends Row<N, I, A, T>, Defined {
  readonly kind: "routine";
  /** How many matrices of the batch there are: each is one run of the routine. */
  readonly items: (call: RoutineCall<I, A>) => number;
  /** Roughly how many products and additions one run takes. */
  readonly work: (call: RoutineCall<I, A>) => number;
  /** Tells the backend what to do with one item. */
  routine<E extends Terms>(r: Routine<E>, call: RoutineCall<I, A>): void;
}

/** An op whose static types are erased: for tables and graph walks. */
export interface AnyOp extends Defined {
  readonly name: string;
  readonly kind: "loop" | "library" | "routine" | "scan" | "tap";
  readonly inputs: Inputs;
  readonly attrs: AnyAttrs;
}

export type InputsOf<O> = O extends { readonly inputs: infer I extends Inputs } ? I : never;
export type ValuesOf<O> = O extends { readonly attrs: infer A extends AnyAttrs } ? Values<A> : never;

let nextId = 1;

/** Defines an op the core compiles into loops. */
export function defineLoop<T>() {
  return <const N extends string, const I extends Inputs, const A extends AnyAttrs>(
    row: Omit<LoopOp<N, I, A, T>, "kind" | keyof Defined>,
  ): LoopOp<N, I, A, T> => ({ ...row, kind: "loop", ...defined(row) });
}

/** Defines an op every backend answers with a kernel. */
export function defineLibrary<T>() {
  return <const N extends string, const I extends Inputs, const A extends AnyAttrs>(
    row: Omit<LibraryOp<N, I, A, T>, "kind" | keyof Defined>,
  ): LibraryOp<N, I, A, T> => ({ ...row, kind: "library", ...defined(row) });
}

/** Defines an op that is told to backends step by step. */
export function defineRoutine<T>() {
  return <const N extends string, const I extends Inputs, const A extends AnyAttrs>(
    row: Omit<RoutineOp<N, I, A, T>, "kind" | keyof Defined>,
  ): RoutineOp<N, I, A, T> => ({ ...row, kind: "routine", ...defined(row) });
}

/** @internal */
export function defined({ inputs, attrs }: { readonly inputs: Inputs; readonly attrs: AnyAttrs }): Defined {
  const slots = Object.keys(inputs);
  return { id: nextId++, slots, plain: slots.every((slot) => inputs[slot] === "one"), attrNames: Object.keys(attrs) };
}
