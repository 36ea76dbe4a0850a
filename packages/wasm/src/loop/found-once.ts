import type { LoopStep } from "@gradus/compile";
import { axisIndex, ScalarBuilder } from "@gradus/tensor";
import type { Local } from "../asm/index.ts";
import type { Running } from "./combine.ts";
import { withAxes } from "./rewrite.ts";

/**
 * The step without the largest (smallest) of values whose position it looks for as well: whoever finds the position has
 * found the value. Slots of what is stored are those of `accumulatorsOf`: results first, then the values found.
 */
export function foundOnce(step: LoopStep): LoopStep {
  const finder = step.terms.map(({ combine, value }) =>
    step.terms.findIndex((other) => other.combine === `arg${combine}` && other.value === value),
  );
  if (finder.every((place) => place < 0)) return step;
  const terms = step.terms.filter((_, slot) => (finder[slot] ?? -1) < 0);
  const placeOf = (slot: number): number => step.terms.slice(0, slot).filter((term) => terms.includes(term)).length;
  const slotOf = (slot: number): number => {
    const place = finder[slot] ?? -1;
    return place < 0 ? placeOf(slot) : terms.length + placeOf(place);
  };
  const s = new ScalarBuilder();
  const axes = step.extents.map((extent, axis) => axisIndex(axis, extent));
  return { ...step, terms, writes: step.writes.map(({ buffer, value }) => ({ buffer, value: withAxes(s, value, axes, slotOf) })) };
}

/** What stores read, by slot: each reduction's result, then the values that searches for a position found. */
export function accumulatorsOf(running: readonly Running[]): readonly Local[] {
  return [...running.map(({ value, position }) => position ?? value), ...running.map(({ value }) => value)];
}
