import { describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { chunk, unbind } from "./concat.ts";
import { diagonal, diagonalEmbed, tril, triu } from "./diagonal.ts";
import { pad } from "./pad.ts";
import { permute } from "./permute.ts";
import { repeat, repeatInterleave, roll, tile } from "./repeat.ts";
import { channelShuffle, pixelShuffle, pixelUnshuffle } from "./shuffle.ts";

const counted = (...shape: number[]) =>
  leaf(
    { shape, dtype: "float32" },
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];

test("repeating", () => {
  const x = counted(2, 2);
  expect(values(repeat(x, [1, 2]))).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
  expect(repeat(x, [3, 1, 2]).shape).toEqual([3, 2, 4]);
  expect(repeat(x, [0, 2]).shape).toEqual([0, 4]);
  expect(values(tile(x, [2]))).toEqual(values(repeat(x, [1, 2])));
  expect(values(repeatInterleave(x, 2))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(values(repeatInterleave(x, [0, 2], { axis: 1 }))).toEqual([1, 1, 3, 3]);
  expect(() => repeat(x, [2])).toThrow(expect.objectContaining({ code: "argument/repeat" }));
  expect(() => tile(x, [-1])).toThrow(expect.objectContaining({ code: "argument/repeat" }));
  expect(() => repeatInterleave(x, [1], { axis: 0 })).toThrow(expect.objectContaining({ code: "argument/repeat" }));
  expectGradients((a) => repeat(a, [2, 1, 3]), [randomLeaf([2, 3])]);
  expectGradients((a) => repeatInterleave(a, [2, 0, 1], { axis: 1 }), [randomLeaf([2, 3])]);
});

test("rolling", () => {
  expect(values(roll(counted(5), 2))).toEqual([3, 4, 0, 1, 2]);
  expect(values(roll(counted(5), -6))).toEqual([1, 2, 3, 4, 0]);
  expect(values(roll(counted(2, 3), 1, 1))).toEqual([2, 0, 1, 5, 3, 4]);
  expect(values(roll(counted(2, 2), 1))).toEqual([3, 0, 1, 2]);
  expect(roll(counted(0, 3), 1, 0).shape).toEqual([0, 3]);
  expect(() => roll(counted(2), [1, 2], 0)).toThrow(expect.objectContaining({ code: "argument/roll" }));
  expectGradients((a) => roll(a, [1, -1], [0, 1]), [randomLeaf([3, 4])]);
});

describe("diagonals", () => {
  test.each([-4, -2, -1, 0, 1, 3, 5])("offset %i of 4 x 5", (offset) => {
    const want: number[] = [];
    for (let i = 0; i < 4; i++) if (i + offset >= 0 && i + offset < 5) want.push(5 * i + i + offset);
    expect(values(diagonal(counted(4, 5), { offset }))).toEqual(want);
  });

  test("of other axes, embedded again, and their gradients", () => {
    expect(diagonal(counted(2, 3, 4), { rows: 2, columns: 0 }).shape).toEqual([3, 2]);
    expect(values(diagonalEmbed(counted(2), { offset: -1 }))).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0]);
    for (const offset of [-2, 0, 1])
      expect(values(diagonal(diagonalEmbed(counted(2, 3), { offset }), { offset, rows: 1, columns: 2 }))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(diagonalEmbed(counted(0)).shape).toEqual([0, 0]);
    expectGradients((a) => diagonal(a, { offset: 1 }), [randomLeaf([3, 4, 2])]);
    expectGradients((a) => diagonalEmbed(a, { offset: 2 }), [randomLeaf([2, 3])]);
    expect(() => diagonal(counted(2, 2), { columns: 0 })).toThrow(expect.objectContaining({ code: "argument/axis-twice" }));
  });

  test("triangles", () => {
    expect(values(triu(counted(2, 3), 1))).toEqual([0, 1, 2, 0, 0, 5]);
    expect(values(tril(counted(2, 3)))).toEqual([0, 0, 0, 3, 4, 0]);
    expect(() => triu(counted(3))).toThrow(expect.objectContaining({ code: "argument/axis" }));
    expectGradients((a) => tril(a, 1), [randomLeaf([3, 3])]);
  });
});

test("parts", () => {
  expect(chunk(counted(7), 3).map(({ shape }) => shape)).toEqual([[3], [3], [1]]);
  expect(chunk(counted(2, 5), 9, { axis: 1 })).toHaveLength(5);
  expect(unbind(counted(2, 3), { axis: 1 }).map(values)).toEqual([
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  expect(() => chunk(counted(3), 0)).toThrow(expect.objectContaining({ code: "argument/split" }));
});

test("shuffles undo each other, and keep gradients", () => {
  const x = counted(2, 8, 3, 2);
  expect(values(pixelUnshuffle(pixelShuffle(x, 2), 2))).toEqual(values(x));
  expect(values(channelShuffle(channelShuffle(x, 2), 4))).toEqual(values(x));
  expectGradients((a) => pixelShuffle(a, 2), [randomLeaf([4, 2, 3])]);
  for (const call of [() => pixelShuffle(x, 3), () => pixelUnshuffle(x, 2), () => channelShuffle(x, 3), () => pixelShuffle(counted(4), 2)])
    expect(call).toThrow(expect.objectContaining({ code: "shape/shuffle" }));
});

describe("padding from inside", () => {
  test("one axis", () => {
    expect(values(pad(counted(4), [[2, 3]], { mode: "reflect" }))).toEqual([2, 1, 0, 1, 2, 3, 2, 1, 0]);
    expect(values(pad(counted(3), [[1, 2]], { mode: "replicate" }))).toEqual([0, 0, 1, 2, 2, 2]);
    expect(values(pad(counted(3), [[3, 1]], { mode: "circular" }))).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(values(pad(counted(4), [[-1, 2]], { mode: "replicate" }))).toEqual([1, 2, 3, 3, 3]);
  });

  test.each(["reflect", "replicate", "circular"] as const)("gradients of %s", (mode) => {
    expectGradients(
      (x) =>
        pad(
          permute(x, [1, 0]),
          [
            [1, 2],
            [2, 0],
          ],
          { mode },
        ),
      [randomLeaf([3, 4])],
    );
  });

  test("no further than the tensor reaches", () => {
    expect(() => pad(counted(3), [[3, 0]], { mode: "reflect" })).toThrow(expect.objectContaining({ code: "shape/pad" }));
    expect(() => pad(counted(3), [[0, 4]], { mode: "circular" })).toThrow(expect.objectContaining({ code: "shape/pad" }));
    // @ts-expect-error -- a mode that is not known
    expect(() => pad(counted(2), [[1, 1]], { mode: "mirror" })).toThrow(expect.objectContaining({ code: "argument/pad-mode" }));
    expect(() => pad(counted(0), [[0, 1]], { mode: "replicate" })).toThrow(expect.objectContaining({ code: "shape/pad" }));
  });
});
