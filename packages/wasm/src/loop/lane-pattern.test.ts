import {
  addIndex,
  axisIndex,
  clampIndex,
  constantIndex,
  divIndex,
  type IndexAtom,
  type IndexExpression,
  modIndex,
  scaleIndex,
  ScalarBuilder,
  valueIndex,
} from "@gradus/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { laneConstants, laneOffsets } from "./lane-pattern.ts";

const axes = 3;
const vector = 2;
const extents = [5, 6, 24];
const s = new ScalarBuilder();
/** Data an index is read from: one value that differs between lanes, one that does not. */
const varying = s.load(0, "int32", axisIndex(vector, 24));
const steady = s.load(1, "int32", axisIndex(0, 5));
const dataOf = (varies: boolean, at: readonly number[]): number => (varies ? ((at[vector] ?? 0) * 7) % 5 : ((at[0] ?? 0) * 3) % 4);

const expressions = fc.letrec<{ index: IndexExpression }>((tie) => ({
  index: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -9, max: 9 }).map(constantIndex),
    fc
      .tuple(fc.nat({ max: axes - 1 }), fc.integer({ min: -4, max: 8 }))
      .map(([axis, k]) => scaleIndex(axisIndex(axis, extents[axis] ?? 1), k)),
    fc.constantFrom(valueIndex(varying, 5), valueIndex(steady, 4)),
    fc.tuple(tie("index"), tie("index")).map(([a, b]) => addIndex(a, b)),
    fc.tuple(tie("index"), fc.integer({ min: 2, max: 9 })).map(([a, by]) => divIndex(a, by)),
    fc.tuple(tie("index"), fc.integer({ min: 2, max: 9 })).map(([a, by]) => modIndex(a, by)),
    fc.tuple(tie("index"), fc.integer({ min: 1, max: 9 })).map(([a, extent]) => clampIndex(a, extent)),
  ),
})).index;

function evaluate({ constant, terms }: IndexExpression, at: readonly number[]): number {
  return terms.reduce((sum, { atom, coefficient }) => sum + coefficient * evaluateAtom(atom, at), constant);
}

function evaluateAtom(atom: IndexAtom, at: readonly number[]): number {
  switch (atom.kind) {
    case "axis":
      return at[atom.axis] ?? 0;
    case "value":
      return dataOf(atom.value === varying, at);
    case "div":
      return Math.floor(evaluate(atom.of, at) / atom.by);
    case "mod":
      return ((evaluate(atom.of, at) % atom.by) + atom.by) % atom.by;
    case "clamp":
      return Math.min(Math.max(evaluate(atom.of, at), atom.low), atom.high);
  }
  atom satisfies never;
}

function positions(step: number): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < 5; i++) for (let j = 0; j < 6; j++) for (let k = 0; k + 3 < 24; k += step) found.push([i, j, k]);
  return found;
}

test.each([true, false])("where offsets are given, every position has them (aligned: %s)", (aligned) => {
  let given = 0;
  fc.assert(
    fc.property(expressions, (expression) => {
      const offsets = laneOffsets(expression, { axis: vector, aligned, position: null, varies: ({ value }) => value === varying });
      if (offsets === null) return;
      if (offsets.some((offset) => offset !== 0)) given++;
      for (const at of positions(aligned ? 4 : 1)) {
        const first = evaluate(expression, at);
        const wrong = [1, 2, 3].some(
          (lane) => evaluate(expression, [at[0] ?? 0, at[1] ?? 0, (at[vector] ?? 0) + lane]) - first !== offsets[lane],
        );
        if (wrong) expect.unreachable(`${expression.key} does not have offsets ${offsets.join()} at ${at.join()}`);
      }
    }),
    { numRuns: 2000, seed: 11 },
  );
  expect(given).toBeGreaterThan(80);
});

test("where the vector's place is known, what nothing else decides is known of every lane", () => {
  let given = 0;
  fc.assert(
    fc.property(expressions, fc.nat({ max: 20 }), (expression, position) => {
      const context = { axis: vector, aligned: false, position, varies: ({ value }: { value: unknown }) => value === varying };
      const [offsets, constants] = [laneOffsets(expression, context), laneConstants(expression, context)];
      if (offsets?.some((offset) => offset !== 0) === true && constants !== null) given++;
      for (const [i, j] of [
        [0, 0],
        [4, 3],
      ] as const) {
        const lanes = [0, 1, 2, 3].map((lane) => evaluate(expression, [i, j, position + lane]));
        if (offsets !== null) expect(lanes.map((value) => value - (lanes[0] ?? 0))).toEqual(offsets);
        if (constants !== null) expect(lanes).toEqual(constants);
      }
    }),
    { numRuns: 2000, seed: 12 },
  );
  expect(given).toBeGreaterThan(80);
  const clamped = clampIndex(addIndex(axisIndex(vector, 24), constantIndex(-1)), 24);
  const offsets = (position: number | null): string | undefined =>
    laneOffsets(clamped, { axis: vector, aligned: true, position, varies: () => true })?.join();
  expect([offsets(0), offsets(4), offsets(null)]).toEqual(["0,0,1,2", "0,1,2,3", undefined]);
});

test("the patterns of rows, strides, broadcasts and pooling windows are known", () => {
  const column = axisIndex(vector, 24);
  const known = (expression: IndexExpression, aligned = true): string | undefined =>
    laneOffsets(expression, { axis: vector, aligned, position: null, varies: () => true })?.join();
  expect(known(column)).toBe("0,1,2,3");
  expect(known(scaleIndex(column, 2))).toBe("0,2,4,6");
  expect(known(axisIndex(0, 5))).toBe("0,0,0,0");
  expect(known(divIndex(column, 2))).toBe("0,0,1,1");
  expect(known(divIndex(column, 4))).toBe("0,0,0,0");
  expect(known(modIndex(column, 2))).toBe("0,1,0,1");
  expect(known(divIndex(column, 2), false)).toBeUndefined();
  expect(known(divIndex(column, 3))).toBeUndefined();
});
