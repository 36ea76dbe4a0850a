import { describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { cdist } from "./distance.ts";
import { einsum } from "./einsum.ts";
import { addmm, bilinear, kron, lerp, outer, tensordot } from "./products.ts";

const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];
const a = leaf({ shape: [2, 2], dtype: "float32" }, [1, 2, 3, 4]);

describe("einsum", () => {
  test.each<[string, number[][], number[]]>([
    [
      "ij,jk",
      [
        [2, 3],
        [3, 4],
      ],
      [2, 4],
    ],
    ["ba", [[2, 3]], [3, 2]],
    [
      "bij,bjk->bik",
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
      [2, 3, 5],
    ],
    ["i,j,k->kij", [[2], [3], [4]], [4, 2, 3]],
    ["iij->j", [[3, 3, 2]], [2]],
    [
      "...i,...i->...",
      [
        [4, 1, 3],
        [5, 3],
      ],
      [4, 5],
    ],
    ["i...->...", [[2, 3, 4]], [3, 4]],
    [" i j , j -> i ", [[2, 0], [0]], [2]],
    [",i->i", [[], [3]], [3]],
    [
      "b n h, m h -> b n m",
      [
        [2, 3, 4],
        [5, 4],
      ],
      [2, 3, 5],
    ],
  ])("%s", (equation, shapes, shape) => {
    const inputs = shapes.map((each, i) => randomLeaf(each, i + 1));
    const y = einsum(equation, ...inputs);
    expect(y.shape).toEqual(shape);
    expectGradients((...x) => einsum(equation, ...x), inputs);
  });

  test("sums what the definition sums", () => {
    const x = randomLeaf([2, 3, 4], 1);
    const y = randomLeaf([4, 2, 5], 2);
    const [p = new Float64Array(), q = new Float64Array()] = evaluate(x, y);
    const want = Array.from({ length: 15 }, (_, at) => {
      let sum = 0;
      for (let i = 0; i < 2; i++)
        for (let k = 0; k < 4; k++) sum += (p[(i * 3 + Math.floor(at / 5)) * 4 + k] ?? 0) * (q[(k * 2 + i) * 5 + (at % 5)] ?? 0);
      return sum;
    });
    expectClose(evaluate(einsum("ijk,kil->jl", x, y))[0], want);
    expectClose(
      evaluate(
        tensordot(x, y, [
          [0, 2],
          [1, 0],
        ]),
      )[0],
      want,
    );
  });

  test.each(["ij->", "ij,jk->ik,", "i!j,jk", "ij,kj,l", "jj,ji", "ij,jk->iz", "ij,jk->ii", "ij->jk->i"])("%s is refused", (equation) => {
    expect(() => einsum(equation, a, randomLeaf([3, 2]))).toThrow(expect.objectContaining({ code: "argument/einsum" }));
  });
});

test("products", () => {
  const u = leaf({ shape: [2], dtype: "float32" }, [1, -2]);
  expect(values(outer(u, u))).toEqual([1, -2, -2, 4]);
  expect(values(kron(u, a))).toEqual([1, 2, -2, -4, 3, 4, -6, -8]);
  expect(values(lerp(u, leaf({ shape: [], dtype: "float32" }, [3]), 0.5))).toEqual([2, 0.5]);
  expect(values(addmm(u, a, a, { beta: 2, alpha: -1 }))).toEqual([-5, -14, -13, -26]);
  expect(values(addmm(u, a, a, { beta: 0 }))).toEqual([7, 10, 15, 22]);
  expect(tensordot(a, a, 0).shape).toEqual([2, 2, 2, 2]);
  expect(kron(randomLeaf([0, 2]), a).shape).toEqual([0, 4]);
  expect(() => outer(a, u)).toThrow(expect.objectContaining({ code: "shape/outer" }));
  expect(() => tensordot(a, randomLeaf([3, 2]), 1)).toThrow(expect.objectContaining({ code: "shape/tensordot" }));
  expect(() => tensordot(a, a, [[0], []])).toThrow(expect.objectContaining({ code: "argument/tensordot" }));
});

test("gradients of products", () => {
  const inputs = [randomLeaf([2, 3], 1), randomLeaf([2, 4], 2), randomLeaf([5, 3, 4], 3)];
  expectGradients((x = a, y = a, w = a) => bilinear(x, y, w), inputs, { second: false });
  expectGradients((x = a, y = a) => kron(permute(x, [1, 0]), y), inputs.slice(0, 2));
  expect(() => bilinear(a, a, randomLeaf([2, 3, 2]))).toThrow(expect.objectContaining({ code: "shape/bilinear" }));
});

test.each([0.5, 1, 2, 3, Infinity])("distances of order %d", (p) => {
  const [x, y] = [randomLeaf([2, 3, 4], 1), randomLeaf([5, 4], 2)];
  const [u = new Float64Array(), v = new Float64Array()] = evaluate(x, y);
  const want = Array.from({ length: 30 }, (_, at) => {
    const gaps = [0, 1, 2, 3].map((k) => Math.abs((u[Math.floor(at / 5) * 4 + k] ?? 0) - (v[(at % 5) * 4 + k] ?? 0)));
    return p === Infinity ? Math.max(...gaps) : gaps.reduce((sum, gap) => sum + gap ** p, 0) ** (1 / p);
  });
  expectClose(evaluate(cdist(x, y, { p }))[0], want);
  expectGradients((b) => cdist(x, b, { p }), [y], { second: false });
  expect(() => cdist(x, randomLeaf([5, 3]))).toThrow(expect.objectContaining({ code: "shape/cdist" }));
});
