import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { select } from "../view/slice.ts";
import { stack } from "../view/concat.ts";

/** One step of a recurrence: the state after it, and what it gives. */
export type ScanStep<S> = (state: S, x: Tensor, index: number) => readonly [state: S, y: Tensor];

export interface ScanOptions {
  /** From the last element to the first; `ys` stays in the order of `xs`. False when left out. */
  readonly reverse?: boolean;
}

export interface Scanned<S> {
  /** After the last step. */
  readonly state: S;
  /** What the steps gave, along a new first axis. */
  readonly ys: Tensor;
}

/**
 * Carries a state along the first axis of `xs`: (state, ys[t]) = step(state, xs[t]) for one t after the other.
 *
 * The steps are recorded one by one, so gradients flow through all of them, and a state may be anything: a tensor, a pair, a record.
 * Steps that are alike become one kernel that is called again and again.
 *
 * Shapes: `xs` [n, ...], each x [...]; a `y` of [...k] gives `ys` [n, ...k].
 *
 * Example, running sums: `scan((total, x) => { const next = add(total, x); return [next, next]; }, zeros([3]), xs).ys`.
 *
 * @throws ShapeError if there is no step to make, or two steps give different shapes.
 */
export function scan<S>(step: ScanStep<S>, init: S, xs: Tensor, { reverse = false }: ScanOptions = {}): Scanned<S> {
  const [count = 0] = xs.shape;
  if (count === 0) {
    throw new ShapeError("shape/scan-empty", "there is no step to make along the first axis", {
      subject: "scan",
      facts: { xs: String(xs) },
      hint: "without a step, the shape of what it gives is not known",
    });
  }
  let state = init;
  const ys: Tensor[] = [];
  for (let made = 0; made < count; made++) {
    const index = reverse ? count - 1 - made : made;
    const [next, y] = step(state, select(xs, 0, index), index);
    state = next;
    ys.push(y);
  }
  return { state, ys: stack(reverse ? ys.toReversed() : ys) };
}
