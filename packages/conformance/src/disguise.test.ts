import { describe, expect, test } from "vitest";
import { disguises } from "./disguise.ts";
import { specEvaluate } from "./spec-evaluate.ts";

describe.each(disguises.map((each) => [each.name, each] as const))("%s", (_, { fits, wrap }) => {
  test.each([[[]], [[4]], [[2, 3]], [[2, 1, 3, 2]], [[0, 3]], [[3, 0]]])("shows the same values of %j", (shape) => {
    const size = shape.reduce((a: number, b: number) => a * b, 1);
    const host = { shape, dtype: "float32" as const, data: Float32Array.from({ length: size }, (_, i) => i + 1) };
    if (!fits(host)) {
      // Too few axes, or too few rows to take apart.
      expect(shape.length < 2 || (shape[0] ?? 0) < 2).toBe(true);
      return;
    }
    const tensor = wrap(host);
    expect(tensor.shape).toEqual(shape);
    expect([...(specEvaluate([tensor])[0] ?? [])]).toEqual([...host.data]);
  });
});
