import type { LoopStep, PlanBuffer } from "@gradus/compile";
import {
  axisIndex,
  type Combine,
  type HostData,
  hostArray,
  linearIndex,
  ScalarBuilder,
  type Shape,
  sizeOf,
  stridesOf,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { noise } from "../training-step.test.harness.ts";
import { runStep, type StepCase } from "./run-step.test.harness.ts";
import { splitReduction } from "./split-reduction.ts";

/** The reduction of a tensor over some of its axes, times two, plus one. */
function reduction(
  shape: Shape,
  axes: readonly number[],
  combine: Combine,
  data: HostData,
  dtype: "float32" | "int32" = "float32",
): StepCase {
  const s = new ScalarBuilder();
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...kept, ...axes];
  const extents = kept.map((axis) => shape[axis] ?? 1);
  const at = linearIndex(
    shape.map((extent, axis) => axisIndex(order.indexOf(axis), extent)),
    stridesOf(shape),
  );
  const buffer = (own: Shape, label: string): PlanBuffer => ({
    shape: own,
    dtype,
    bytes: 4 * sizeOf(own),
    place: { kind: "arena", offset: 0 },
    label,
  });
  const step: LoopStep = {
    kind: "loop",
    label: "reduction",
    extents,
    reduce: axes.map((axis) => shape[axis] ?? 1),
    terms: [{ combine, value: s.load(0, dtype, at) }],
    reads: [0],
    writes: [{ buffer: 1, value: s.call("add", s.accumulator(0, dtype), s.constant(dtype, 1)) }],
  };
  return { step, buffers: [buffer(shape, "x"), buffer(extents, "y")], inputs: [data] };
}

/** What it should be: plain loops over the row-major elements. */
function expected(shape: Shape, axes: readonly number[], combine: "sum" | "max" | "min", data: HostData): number[] {
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  const out = new Array<number>(sizeOf(kept)).fill(
    combine === "sum" ? 0 : combine === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
  );
  for (let element = 0; element < data.length; element++) {
    let rest = element;
    let position = 0;
    let scale = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const extent = shape[axis] ?? 1;
      if (!axes.includes(axis)) {
        position += scale * (rest % extent);
        scale *= extent;
      }
      rest = Math.floor(rest / extent);
    }
    const [a, b] = [out[position] ?? 0, data[element] ?? 0];
    out[position] = combine === "sum" ? a + b : combine === "max" ? Math.max(a, b) : Math.min(a, b);
  }
  return out.map((value) => value + 1);
}

const cases: readonly { readonly shape: Shape; readonly axes: readonly number[] }[] = [
  { shape: [1 << 17], axes: [0] },
  { shape: [100_003], axes: [0] },
  { shape: [3, 50_000], axes: [1] },
  { shape: [40_009, 3], axes: [0] },
  { shape: [70_001, 4], axes: [0] },
  { shape: [3, 5, 20_000], axes: [0, 2] },
  { shape: [500, 7, 120], axes: [0, 2] },
  { shape: [2, 33_000, 5], axes: [1] },
];

describe.each(["relaxed", "simd", "scalar"] as const)("at level %s", (level) => {
  test.each(cases)("$shape over $axes in parts is what it is in one go", ({ shape, axes }) => {
    for (const combine of ["sum", "max", "min"] as const) {
      for (const dtype of ["float32", "int32"] as const) {
        const data = hostArray(dtype, sizeOf(shape));
        noise(data.length, 3).forEach((value, i) => (data[i] = Math.round(50 * value)));
        const drawn = reduction(shape, axes, combine, data, dtype);
        expect(splitReduction(drawn.step, drawn.buffers, 1, 2, 60_000)).not.toBeNull();
        expect([...(runStep(drawn, { level, last: 0 })[0] ?? [])]).toEqual(expected(shape, axes, combine, data));
      }
    }
  });

  test("a sum of a million terms has an error of a few units in the last place", () => {
    const data = noise(1 << 20, 7).map((value) => 0.1 + Math.abs(value));
    const exact = data.reduce((sum, value) => sum + value, 0) + 1;
    const [got] = runStep(reduction([1 << 20], [0], "sum", data), { level, last: 1 });
    expect(Math.abs((got?.[0] ?? 0) - exact) / exact).toBeLessThan(2e-6);
  });
});

test("a NaN in any part shows in the maximum", () => {
  for (const at of [0, 50_000, 99_999]) {
    const data = noise(100_000, 3);
    data[at] = Number.NaN;
    expect(runStep(reduction([100_000], [0], "max", data), { level: "simd", last: 0 })[0]?.[0]).toBeNaN();
  }
});

test("short reductions, searches for a position and empty results stay whole", () => {
  const split = (shape: Shape, axes: readonly number[], combine: Combine): unknown => {
    const { step, buffers } = reduction(shape, axes, combine, new Float32Array(0));
    return splitReduction(step, buffers, 1, 2, 60_000);
  };
  expect(split([20_000], [0], "sum")).toBeNull();
  expect(split([1 << 20], [0], "argmax")).toBeNull();
  expect(split([0, 1 << 20], [1], "sum")).toBeNull();
  expect(split([1 << 20], [0], "sum")).not.toBeNull();
});
