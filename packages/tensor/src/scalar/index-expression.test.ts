import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stridesOf } from "../shape.ts";
import { evaluateIndex } from "../testing/evaluate.ts";
import { addIndex, axisIndex, clampIndex, constantIndex, delinearise, divIndex, type IndexExpression, linearIndex, modIndex, offsetIndex, scaleIndex, substituteAxes } from "./index-expression.ts";

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

const leafExpression: fc.Arbitrary<Both> = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map((v): Both => ({ index: constantIndex(v), meaning: () => v })),
  fc.integer({ min: 0, max: 2 }).map((axis): Both => ({ index: axisIndex(axis, extents[axis] ?? 1), meaning: (point) => point[axis] ?? 0 })),
);

const expression: fc.Arbitrary<Both> = fc.letrec<{ any: Both }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leafExpression,
    fc.tuple(tie("any"), tie("any")).map(([a, b]): Both => ({ index: addIndex(a.index, b.index), meaning: (p) => a.meaning(p) + b.meaning(p) })),
    fc.tuple(tie("any"), fc.integer({ min: -7, max: 30 })).map(([a, k]): Both => ({ index: scaleIndex(a.index, k), meaning: (p) => a.meaning(p) * k })),
    fc.tuple(tie("any"), fc.integer({ min: -40, max: 40 })).map(([a, k]): Both => ({ index: offsetIndex(a.index, k), meaning: (p) => a.meaning(p) + k })),
    fc.tuple(tie("any"), fc.integer({ min: 1, max: 12 })).map(([a, k]): Both => ({ index: divIndex(a.index, k), meaning: (p) => Math.floor(a.meaning(p) / k) })),
    fc.tuple(tie("any"), fc.integer({ min: 1, max: 12 })).map(([a, k]): Both => ({ index: modIndex(a.index, k), meaning: (p) => ((a.meaning(p) % k) + k) % k })),
    fc.tuple(tie("any"), fc.integer({ min: 1, max: 12 })).map(([a, k]): Both => ({ index: clampIndex(a.index, k), meaning: (p) => Math.min(Math.max(a.meaning(p), 0), k - 1) })),
  ),
})).any;

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
