import { expect } from "vitest";
import { gradients } from "../grad.ts";
import { add, mul } from "../ops/pointwise/arithmetic.ts";
import { sum } from "../ops/reduce/sum.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mulberry } from "./draw.ts";
import { evaluate, leaf, setLeaf } from "./evaluate.ts";

/** Expects two lists to agree within a share of the largest finite value. */
export function expectClose(got: ArrayLike<number> | undefined, want: ArrayLike<number>, tolerance = 1e-6): void {
  expect(got?.length).toBe(want.length);
  const largest = Array.from(want).reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1e-3);
  for (let i = 0; i < want.length; i++) {
    const a = got?.[i] ?? Number.NaN;
    const b = want[i] ?? Number.NaN;
    if (Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * largest) continue;
    expect.fail(`element ${i} is ${a}, not ${b}`);
  }
}

/** A float32 leaf of repeatable values in a range. */
export function randomLeaf(shape: Shape, seed = 1, [low, high]: readonly [number, number] = [-1, 1]): Tensor {
  const random = mulberry(seed);
  return leaf(
    { shape, dtype: "float32" },
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
  );
}

/** A random projection to one number, so that every element of `y` counts. */
export function project(y: Tensor, seed = 9): Tensor {
  return sum(mul(y, randomLeaf(y.shape, seed)));
}

/** Expects first and second derivatives of `f` to agree with central differences. */
export function expectGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { second = true }: { readonly second?: boolean } = {},
): void {
  const loss = project(f(...inputs));
  const first = gradients(loss, inputs);
  first.forEach((gradient, i) => expectClose(evaluate(gradient)[0], differences(loss, inputs[i]), 2e-5));
  if (!second) return;
  const slope = first.map((gradient, i) => project(gradient, 20 + i)).reduce((a, b) => add(a, b));
  gradients(slope, inputs).forEach((gradient, i) => expectClose(evaluate(gradient)[0], differences(slope, inputs[i]), 5e-5));
}

function differences(loss: Tensor, input: Tensor | undefined): Float64Array {
  if (input === undefined) return new Float64Array();
  const [start = new Float64Array()] = evaluate(input);
  const step = 1e-5;
  const at = (i: number, delta: number): number => {
    setLeaf(input, start.with(i, (start[i] ?? 0) + delta));
    const [value] = evaluate(loss);
    setLeaf(input, start);
    return value?.[0] ?? Number.NaN;
  };
  return start.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}
