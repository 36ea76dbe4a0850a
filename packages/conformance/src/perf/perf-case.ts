import type { Shape } from "@gradus/tensor";
import type { Step } from "./vocabulary.ts";

/** What one call of a case does, and how its speed is written. */
export type Work =
  | { readonly unit: "GFLOP/s"; readonly operations: number }
  /** Bytes that have to be read and written when every input is read once. */
  | { readonly unit: "GB/s"; readonly bytes: number }
  | { readonly unit: "images/s"; readonly images: number };

/** Work done in `milliseconds`, in the work's own unit. */
export function speed(work: Work, milliseconds: number): number {
  switch (work.unit) {
    case "GFLOP/s":
      return work.operations / milliseconds / 1e6;
    case "GB/s":
      return work.bytes / milliseconds / 1e6;
    case "images/s":
      return (work.images * 1e3) / milliseconds;
  }
  work satisfies never;
}

/** How an input's values are made, the same at every run. */
export type Draw =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  /** Whole numbers from 0 to `below` - 1. */
  | { readonly kind: "integers"; readonly below: number }
  | { readonly kind: "constant"; readonly value: number };

export interface PerfInput {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: "float32" | "int32";
  readonly draw: Draw;
  /**
   * `data` lies where the library computes; a `batch` is handed over from host memory at every call, which then gives its
   * outputs back there; a `parameter` is a constant of an inference, and what training trains.
   */
  readonly role: "data" | "batch" | "parameter";
}

/**
 * Carry the program out; or that and the gradients of one of its values; or one whole training step on it: mean cross-entropy,
 * backward, SGD with momentum.
 */
export type Mode =
  | { readonly kind: "evaluate"; readonly outputs: readonly string[] }
  | GradientMode
  /** Its outputs are the `losses` of the first two steps, and every parameter after them. */
  | {
      readonly kind: "training";
      readonly logits: string;
      readonly label: string;
      readonly learningRate: number;
      readonly momentum: number;
    };

/** Its outputs are the value `of`, and for each input in `to` the gradient that the input `cotangent` of that value pulls back. */
export interface GradientMode {
  readonly kind: "gradient";
  readonly of: string;
  readonly to: readonly string[];
  readonly cotangent: string;
}

/** The name of an input's gradient among the outputs. */
export function gradientName(input: string): string {
  return `gradient of ${input}`;
}

/** A piece of work as data: anything that knows the vocabulary can carry it out, in any language. */
export interface PerfCase {
  readonly name: string;
  readonly work: Work;
  /** How far an output may lie from ours, as a share of the output's largest magnitude. */
  readonly tolerance: number;
  readonly inputs: readonly PerfInput[];
  readonly steps: readonly Step[];
  readonly mode: Mode;
}

/** An array with a name, as it goes in and out of a case. */
export interface NamedArray {
  readonly name: string;
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array;
}

/** A case built in one library, with its inputs where that library computes. */
export interface Prepared {
  /** Does the case's work once; the result stays where the library leaves it. */
  run(): void | Promise<void>;
  /** What the first run made: see `Mode`. Called once, before any timed run; trains once more. */
  outputs(): Promise<readonly NamedArray[]>;
  release(): void | Promise<void>;
}
