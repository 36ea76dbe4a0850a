import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stridesOf } from "../shape.ts";
import { evaluateIndex } from "../test/evaluate.ts";
import {
  addIndex,
  axisIndex,
  clampIndex,
  constantIndex,
  delinearise,
  divIndex,
  type IndexExpression,
  linearIndex,
  modIndex,
  offsetIndex,
  scaleIndex,
  substituteAxes,
} from "./index-expression.ts";

const extents = [4, 6, 5] as const;
const points = Array.from({ length: 4 * 6 * 5 }, (_, i) => [Math.floor(i / 30), Math.floor(i / 5) % 6, i % 5] as const);
const noValue = (): never => {
  throw new RangeError("no loaded values here");
};
const at = (of: IndexExpression, point: readonly number[]): number => evaluateIndex(of, point, noValue);

/** An expression together with the function it should be. */
interface Both {
  readonly index: IndexExpression;
  readonly meaning: (point: readonly number[]) => number;
}

type Step = (of: Both) => Both;

const positive = fc.integer({ min: 1, max: 12 });
const affine: fc.Arbitrary<Both> = fc
  .tuple(fc.array(fc.integer({ min: -6, max: 30 }), { minLength: 3, maxLength: 3 }), fc.integer({ min: -40, max: 40 }))
  .map(([factors, constant]) => ({
    index: factors.reduce(
      (sum, factor, axis) => addIndex(sum, scaleIndex(axisIndex(axis, extents[axis] ?? 1), factor)),
      constantIndex(constant),
    ),
    meaning: (point) => factors.reduce((sum, factor, axis) => sum + factor * (point[axis] ?? 0), constant),
  }));
const axis: fc.Arbitrary<Both> = fc
  .integer({ min: 0, max: 2 })
  .map((of) => ({ index: axisIndex(of, extents[of] ?? 1), meaning: (point) => point[of] ?? 0 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  positive.map((k): Step => ({ index, meaning }) => ({ index: divIndex(index, k), meaning: (p) => Math.floor(meaning(p) / k) })),
  positive.map((k): Step => ({ index, meaning }) => ({ index: modIndex(index, k), meaning: (p) => ((meaning(p) % k) + k) % k })),
  positive.map((k): Step => ({ index, meaning }) => ({
    index: clampIndex(index, k),
    meaning: (p) => Math.min(Math.max(meaning(p), 0), k - 1),
  })),
  fc.integer({ min: -3, max: 12 }).map((k): Step => ({ index, meaning }) => ({
    index: scaleIndex(index, k),
    meaning: (p) => meaning(p) * k,
  })),
  fc.integer({ min: -40, max: 40 }).map((k): Step => ({ index, meaning }) => ({
    index: offsetIndex(index, k),
    meaning: (p) => meaning(p) + k,
  })),
  affine.map((other): Step => ({ index, meaning }) => ({
    index: addIndex(index, other.index),
    meaning: (p) => meaning(p) + other.meaning(p),
  })),
  // What a reshape makes: the parts of a division, which must find together again.
  fc.tuple(positive, fc.integer({ min: 1, max: 3 })).map(([k, factor]): Step => ({ index, meaning }) => ({
    index: addIndex(scaleIndex(divIndex(index, k), k * factor), scaleIndex(modIndex(index, k), factor)),
    meaning: (p) => meaning(p) * factor,
  })),
);
const expression: fc.Arbitrary<Both> = fc
  .tuple(fc.oneof(affine, axis), fc.array(step, { maxLength: 6 }))
  .map(([start, steps]) => steps.reduce((sofar, apply) => apply(sofar), start));

describe("index expressions", () => {
  test("are the integer functions they were built as, and stay in their range", () => {
    fc.assert(
      fc.property(expression, ({ index, meaning }) => {
        for (const point of points) if (at(index, point) !== meaning(point)) return false;
        return true;
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test("keep their meaning when axes are substituted", () => {
    fc.assert(
      fc.property(expression, expression, expression, ({ index, meaning }, a, b) => {
        const axes = [clampIndex(a.index, 4), clampIndex(b.index, 6), axisIndex(2, 5)];
        const replaced = substituteAxes(index, axes, noValue);
        return points.every((point) => at(replaced, point) === meaning(axes.map((axis) => at(axis, point))));
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test("linearise and delinearise to the same index", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), (shape) => {
        const index = shape.map((extent, axis) => axisIndex(axis, extent));
        expect(delinearise(linearIndex(index, stridesOf(shape)), shape).map(({ key }) => key)).toEqual(index.map(({ key }) => key));
      }),
      { seed: 3 },
    );
  });

  test("a reshape through another shape and back is no computation at all", () => {
    const index = [axisIndex(0, 4), axisIndex(1, 6)];
    const through = delinearise(linearIndex(index, [6, 1]), [3, 8]);
    expect(delinearise(linearIndex(through, [8, 1]), [4, 6]).map(({ key }) => key)).toEqual(index.map(({ key }) => key));
  });
});
