import type { Tensor } from "@gradus/tensor";

/** How a forward pass is run: what dropout and batch statistics depend on. Passed along, never stored in a layer. */
export interface Context {
  readonly mode: "train" | "eval";
  /** The step's random key, int32[2]; null where nothing may be drawn. */
  readonly key: Tensor | null;
}

/** Inference: the default of every `forward`. */
export const EVAL: Context = { mode: "eval", key: null };

/** Training without randomness: for models in which nothing is drawn. */
export const TRAIN: Context = { mode: "train", key: null };

/**
 * Training with randomness: every layer that draws folds its own path into `key`.
 *
 * Pass another key at every step; as an argument of a compiled step it changes without recompiling.
 */
export function training(key: Tensor): Context {
  return { mode: "train", key };
}
