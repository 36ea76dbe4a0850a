import { ArgumentError, type DrawOptions } from "@gradus/tensor";
import { pathOf } from "../../bind.ts";
import type { Context } from "../../context.ts";
import type { Module } from "../../module.ts";

/**
 * What a layer draws from in training: the step's key and the layer's own path, so that two layers draw independently.
 *
 * @throws ArgumentError if the context has no key.
 */
export function drawFor(layer: Module, { key }: Context): DrawOptions {
  if (key !== null) return { key, salt: saltOf(pathOf(layer)) };
  throw new ArgumentError("dropout/no-key", "needs a random key in training, and the context has none", {
    subject: layer.constructor.name,
    hint: "pass training(key) instead of TRAIN to forward",
  });
}

/**
 * Refuses what is no probability.
 *
 * @throws ArgumentError
 */
export function checkProbability(layer: Module, p: number): void {
  if (p >= 0 && p <= 1) return;
  throw new ArgumentError("argument/probability", `p must lie in 0 .. 1, and is ${p}`, { subject: layer.constructor.name });
}

/** FNV-1a of a path's UTF-16 code units: equal paths drop alike on every host. */
function saltOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash | 0;
}
