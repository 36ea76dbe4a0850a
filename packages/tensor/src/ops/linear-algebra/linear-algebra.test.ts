import { describe, expect, test } from "vitest";
import { gradients } from "../../grad.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { matmul } from "../library/matmul.ts";
import { add } from "../pointwise/arithmetic.ts";
import { square } from "../pointwise/power.ts";
import { sum } from "../reduce/sum.ts";
import { full } from "../source/full.ts";
import { eye, tensor } from "../source/creation.ts";
import { tril, triu } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { cholesky } from "./cholesky.ts";
import { det, slogdet } from "./determinant.ts";
import { eigh } from "./eigh.ts";
import { apart, shuffled } from "./matrix-cases.ts";
import { qr } from "./qr.ts";
import { solveTriangular } from "./solve-triangular.ts";
import { inverse, solve } from "./solve.ts";
import { svd } from "./svd.ts";

const withCode = (code: string): unknown => expect.objectContaining({ code });
const given = ({ shape, values }: ReturnType<typeof apart>): Tensor => leaf({ shape, dtype: "float32" }, values);
const same = (x: Tensor, y: Tensor): void => expectClose(evaluate(x)[0], evaluate(y)[0] ?? []);
const shapeOf = (...parts: readonly Tensor[]): readonly Shape[] => parts.map(({ shape }) => shape);

describe("values by hand", () => {
  test.each([
    [
      "cholesky",
      cholesky(
        tensor([
          [4, 2],
          [2, 3],
        ]),
      ),
      [2, 0, 1, Math.SQRT2],
    ],
    [
      "cholesky of the symmetric part",
      cholesky(
        tensor([
          [4, 1],
          [3, 3],
        ]),
      ),
      [2, 0, 1, Math.SQRT2],
    ],
    [
      "solve",
      solve(
        tensor([
          [2, 0],
          [1, 4],
        ]),
        tensor([2, 9]),
      ),
      [1, 2],
    ],
    [
      "inverse",
      inverse(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      [-2, 1, 1.5, -0.5],
    ],
    [
      "det",
      det(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      [-2],
    ],
    ["det of nothing", det(full([0, 0], 1)), [1]],
    [
      "det of a singular matrix",
      det(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ),
      [0],
    ],
    [
      "sign",
      slogdet(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).sign,
      [-1],
    ],
    [
      "logabsdet",
      slogdet(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).logabsdet,
      [Math.LN2],
    ],
    [
      "sign of a singular matrix",
      slogdet(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ).sign,
      [0],
    ],
    [
      "logabsdet of a singular matrix",
      slogdet(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ).logabsdet,
      [-Infinity],
    ],
    [
      "r",
      qr(
        tensor([
          [0, 1],
          [-2, 3],
        ]),
      ).r,
      [2, -3, 0, 1],
    ],
    [
      "s",
      svd(
        tensor([
          [0, -3],
          [2, 0],
        ]),
      ).s,
      [3, 2],
    ],
    [
      "eigenvalues",
      eigh(
        tensor([
          [2, 1],
          [1, 2],
        ]),
      ).eigenvalues,
      [1, 3],
    ],
    [
      "eigenvectors",
      eigh(
        tensor([
          [2, 1],
          [1, 2],
        ]),
      ).eigenvectors,
      [1, 1, -1, 1].map((x) => x * Math.SQRT1_2),
    ],
  ] as const)("%s", (_, got, want) => expectClose(evaluate(got)[0], want));
});

test("batches broadcast, and right-hand sides may be vectors", () => {
  const a = given(shuffled(2, 1, 3, 3));
  const b = randomLeaf([4, 3, 2]);
  expect(solve(a, b).shape).toEqual([2, 4, 3, 2]);
  same(matmul(a, solve(a, b)), add(full([2, 4, 3, 2], 0), b));
  expect(solve(given(apart(2, 3, 3)), randomLeaf([2, 3])).shape).toEqual([2, 3]);
  expect(solve(given(apart(2, 3, 3)), randomLeaf([3])).shape).toEqual([2, 3]);
  expect(solveTriangular(a, b, { upper: true }).shape).toEqual([2, 4, 3, 2]);
  expect(inverse(a).shape).toEqual([2, 1, 3, 3]);
  expect(det(a).shape).toEqual([2, 1]);
});

test("a triangular system can stand on the right", () => {
  const a = given(apart(3, 3));
  const b = randomLeaf([2, 3]);
  for (const upper of [false, true]) {
    const x = solveTriangular(a, b, { upper, left: false });
    expect(x.shape).toEqual([2, 3]);
    same(matmul(x, upper ? triu(a) : tril(a)), b);
  }
});

test("factors have the reduced shapes, of empty matrices too", () => {
  const { u, s, vh } = svd(full([2, 5, 3], 1));
  expect(shapeOf(u, s, vh)).toEqual([
    [2, 5, 3],
    [2, 3],
    [2, 3, 3],
  ]);
  const { q, r } = qr(full([3, 5], 1));
  expect(shapeOf(q, r)).toEqual([
    [3, 3],
    [3, 5],
  ]);
  const none = svd(full([0, 3], 1));
  expect(shapeOf(none.u, none.s, none.vh)).toEqual([[0, 0], [0], [0, 3]]);
});

describe("derivatives, first and second", () => {
  const symmetric = (x: Tensor): Tensor => add(x, transpose(x));
  const factors = (f: (x: Tensor) => Readonly<Record<string, Tensor>>) => (x: Tensor) =>
    Object.values(f(x)).reduce<Tensor>((total, part) => add(total, sum(square(add(part, 0.3)))), tensor(0));
  test.each([
    ["cholesky", (x) => cholesky(x), apart(3, 3)],
    ["solve", (x) => solve(x, randomLeaf([3, 2])), shuffled(2, 3, 3)],
    ["inverse", (x) => inverse(x), shuffled(3, 3)],
    ["det", (x) => det(x), shuffled(2, 3, 3)],
    ["slogdet", (x) => slogdet(x).logabsdet, shuffled(3, 3)],
    ["solveTriangular", (x) => solveTriangular(x, randomLeaf([2, 3]), { upper: true, left: false }), apart(3, 3)],
    ["qr", factors((x) => ({ ...qr(x) })), apart(4, 3)],
    ["qr of a wide matrix", factors((x) => ({ ...qr(x) })), apart(2, 4)],
    ["eigh", factors((x) => ({ ...eigh(symmetric(x)) })), apart(3, 3)],
    ["svd", factors((x) => ({ ...svd(x) })), apart(3, 3)],
    ["svd of a tall matrix", factors((x) => ({ ...svd(x) })), apart(3, 2)],
    ["svd of a wide matrix", factors((x) => ({ ...svd(x) })), apart(2, 3)],
  ] as readonly (readonly [string, (x: Tensor) => Tensor, ReturnType<typeof apart>])[])("%s", (_, f, x) => {
    expectGradients((one) => f(one ?? tensor(0)), [given(x)]);
  });

  test("of equal eigenvalues and singular values there are some, though not of their vectors", () => {
    const x = leaf({ shape: [3, 3], dtype: "float32" }, [2, 0, 0, 0, 2, 0, 0, 0, 2]);
    for (const values of [eigh(x).eigenvalues, svd(x).s]) {
      const [slope] = gradients(sum(square(values)), [x]);
      expectClose(evaluate(slope ?? x)[0], [4, 0, 0, 0, 4, 0, 0, 0, 4]);
    }
  });
});

test("refuses what has no meaning, with a sentence", () => {
  const vector = full([3], 1);
  const oblong = full([2, 3], 1);
  for (const f of [cholesky, inverse, det, eigh]) {
    expect(() => f(oblong)).toThrow(withCode("shape/square"));
    expect(() => f(vector)).toThrow(withCode("shape/matrix"));
  }
  for (const f of [qr, svd]) expect(() => f(vector)).toThrow(withCode("shape/matrix"));
  expect(() => solve(oblong, full([2, 1], 1))).toThrow(withCode("shape/square"));
  expect(() => solve(eye(3), full([2, 1], 1))).toThrow(withCode("shape/system"));
  expect(() => solve(full([2, 3, 3], 1), full([4, 3, 1], 1))).toThrow(withCode("shape/batch"));
  expect(() => solve(full([2, 2], 1, { dtype: "int32" }), full([2, 1], 1))).toThrow(withCode("dtype/unsupported"));
  expect(() => det(oblong)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: det: needs square matrices, not 2 rows of 3
      a: float32[2, 3]
      code: shape/square]
  `);
  expect(() => inverse(oblong)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: inverse: needs square matrices, not 2 rows of 3
      a: float32[2, 3]
      code: shape/square]
  `);
  expect(() => cholesky(oblong)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: cholesky: needs square matrices, not 2 rows of 3
      a: float32[2, 3]
      code: shape/square]
  `);
});

describe("what is refused names the function that was called", () => {
  const [vector, oblong, whole] = [full([3], 1), full([2, 3], 1), full([2, 2], 1, { dtype: "int32" })];
  // A caller without types gives numbers and arrays.
  const number = 3 as unknown as Tensor;
  const upper = { upper: true };
  const functions: Readonly<Record<string, (x: Tensor) => unknown>> = { cholesky, det, eigh, inverse, qr, slogdet, svd };
  test.each(Object.entries(functions))("%s", (subject, f) => {
    const wrong = f === qr || f === svd ? [vector, whole, number] : [vector, whole, number, oblong];
    for (const x of wrong) expect(() => f(x)).toThrow(expect.objectContaining({ subject }));
  });
  test.each([
    ["solve", solve],
    ["solveTriangular", (a: Tensor, b: Tensor) => solveTriangular(a, b, upper)],
    ["solveTriangular", (a: Tensor, b: Tensor) => solveTriangular(a, b, { ...upper, left: false })],
  ])("%s", (subject, f) => {
    const pairs = [
      ...[vector, whole, number, oblong].map((a) => [a, eye(2)] as const),
      ...[full([], 1), whole, number, eye(3), full([2, 3, 3], 1)].map((b) => [full([4, 2, 2], 1), b] as const),
    ];
    for (const [a, b] of pairs) expect(() => f(a, b)).toThrow(expect.objectContaining({ subject }));
  });
});
