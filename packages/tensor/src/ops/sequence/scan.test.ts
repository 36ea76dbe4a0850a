import { expect, test } from "vitest";
import { GradusError } from "../../errors.ts";
import { gradients } from "../../grad.ts";
import { topological } from "../../graph.ts";
import { opOf } from "../../op/apply.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate } from "../../test/evaluate.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { less } from "../pointwise/comparison.ts";
import { exp } from "../pointwise/exponential.ts";
import { tanh } from "../pointwise/hyperbolic.ts";
import { sum } from "../reduce/sum.ts";
import { tensor } from "../source/creation.ts";
import { zeros } from "../source/full.ts";
import { stack } from "../view/concat.ts";
import { narrow, slice } from "../view/slice.ts";
import { scan } from "./scan.ts";

const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];
const xs = tensor([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const total = (state: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
  const next = add(state, x);
  return [next, next];
};

test("carries a state, forwards and backwards", () => {
  const forward = scan(total, zeros([2]), xs);
  expect(values(forward.ys)).toEqual([1, 2, 4, 6, 9, 12]);
  expect(values(forward.state)).toEqual([9, 12]);
  const backward = scan(total, zeros([2]), xs, { reverse: true });
  expect(values(backward.ys)).toEqual([9, 12, 8, 10, 5, 6]);
});

test("tells each step which one it is, and takes any state", () => {
  const { state, ys } = scan(
    ({ last, none }: { last: Tensor; none: readonly [] }, [x], index) => [
      { last: index, none },
      { place: index, sum: add(x, last) },
    ],
    { last: tensor(Int32Array.of(7), { shape: [] }), none: [] },
    [tensor(Int32Array.of(10, 20, 30))] as const,
    { reverse: true },
  );
  expect([values(state.last), state.none, values(ys.place), values(ys.sum)]).toEqual([[0], [], [0, 1, 2], [11, 22, 37]]);
});

test("without a step there is nothing to tell the shape from", () => {
  expect(() => scan(total, zeros([2]), zeros([0, 2]))).toThrow(expect.objectContaining({ code: "shape/scan-empty" }));
});

test("what does not fit is refused with what it was", () => {
  const refused = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof GradusError) return error.message;
    }
    return expect.unreachable("it was accepted");
  };
  expect(refused(() => scan((state: Tensor, [a]) => [state, a], zeros([2]), [xs, zeros([4, 2])] as const))).toMatchInlineSnapshot(`
    "scan: the sequences differ in how many rows they have
      xs[0]: float32[3, 2]
      xs[1]: float32[4, 2]
      code: shape/scan-rows"
  `);
  expect(refused(() => scan((state: { sum: Tensor }, x) => [{ sum: stack([x, x]) }, x], { sum: zeros([2]) }, xs))).toMatchInlineSnapshot(`
    "scan: a step turns state.sum into something else
      before: float32[2]
      after: float32[2, 2]
      hint: what is carried from step to step keeps its form, its shapes and its dtypes
      code: shape/scan-state"
  `);
  expect(refused(() => scan((state: readonly Tensor[], x) => [[...state, x], x], [zeros([2])], xs))).toMatchInlineSnapshot(`
    "scan: a step turns state[1] into something else
      before: nothing
      after: float32[2]
      hint: what is carried from step to step keeps its form, its shapes and its dtypes
      code: shape/scan-state"
  `);
  expect(refused(() => scan((state: Tensor, x) => [less(state, x), x], zeros([2]), xs))).toMatchInlineSnapshot(`
    "scan: a step turns state into something else
      before: float32[2]
      after: bool[2]
      hint: what is carried from step to step keeps its form, its shapes and its dtypes
      code: shape/scan-state"
  `);
});

test("a step is recorded once, and what it does not depend on stays outside", () => {
  let calls = 0;
  const weight = randomLeaf([2, 2], 1);
  const { ys } = scan(
    (state: Tensor, x) => {
      calls++;
      const next = add(matmul(state, exp(weight)), x);
      return [next, tanh(next)];
    },
    zeros([2]),
    xs,
  );
  expect(calls).toBe(1);
  const names = topological([ys]).map((tensor) => opOf(tensor)?.name);
  expect(names.filter((name) => name === "exp" || name === "matmul")).toEqual(["exp"]);
});

test("recurrences of one structure have one key, however they were recorded", () => {
  const attrsOfScan = (by: number): number => {
    const { ys } = scan((state: Tensor, x) => [add(state, x), mul(state, by)], zeros([2]), xs);
    const [made] = topological([ys]).filter((tensor) => opOf(tensor)?.kind === "scan");
    return made?.source.kind === "op" ? made.source.attrsId : -1;
  };
  expect(attrsOfScan(2)).toBe(attrsOfScan(2));
  const { ys } = scan((state: Tensor, x) => [add(state, x), add(state, x)], zeros([2]), xs);
  const [other] = topological([ys]).filter((tensor) => opOf(tensor)?.kind === "scan");
  expect(other?.source.kind === "op" && other.source.attrsId !== attrsOfScan(2)).toBe(true);
});

const recurrence = (weight: Tensor, x: Tensor): Tensor =>
  scan(
    (state: Tensor, x) => {
      const next = tanh(add(x, matmul(state, weight)));
      return [next, next];
    },
    zeros([1, 3]),
    x,
  ).ys;

test("has the gradient of its numeric estimate, first and second", () => {
  expectGradients((weight) => recurrence(weight, randomLeaf([4, 1, 3], 5)), [randomLeaf([3, 3], 6)]);
  expectGradients((x) => recurrence(randomLeaf([3, 3], 6), x), [randomLeaf([4, 1, 3], 5)]);
});

test("sends one product back to a shared weight, and one value of each step to the rows", () => {
  const [weight, x] = [randomLeaf([3, 3], 6), randomLeaf([4, 1, 3], 5)];
  const [toWeight, toX] = gradients(sum(recurrence(weight, x)), [weight, x]);
  expect(opOf(toWeight!)?.name).toBe("matmul");
  expect(opOf(toX!)?.name).toBe("tap");
  expect(topological([toWeight!, toX!]).some((tensor) => opOf(tensor)?.name === "pad")).toBe(false);
});

test("parts that overlap, leave gaps or have steps are added up right", () => {
  const x = randomLeaf([7, 2], 3);
  const loss = (pieces: readonly Tensor[]): Tensor => sum(pieces.reduce((sum, piece, i) => add(sum, sum1(mul(piece, i + 1))), tensor(0)));
  const sum1 = (piece: Tensor): Tensor => sum(mul(piece, piece));
  const gradient = (...pieces: Tensor[]): number[] => values(gradients(loss(pieces), [x])[0]!);
  const at = values(x);
  const factors = (...counts: number[]): number[] => at.map((v, i) => 2 * v * (counts[Math.floor(i / 2)] ?? 0));
  expectClose(gradient(narrow(x, 0, 4, 2), narrow(x, 0, 1, 2)), factors(0, 4, 4, 0, 1, 1, 0));
  expectClose(gradient(narrow(x, 0, 0, 3), narrow(x, 0, 2, 5)), factors(1, 1, 5, 4, 4, 4, 4));
  expectClose(gradient(slice(x, [{ step: 2 }]), narrow(x, 0, 0, 1)), factors(5, 0, 1, 0, 1, 0, 1));
  expectClose(
    gradient(narrow(x, 0, 0, 7), narrow(x, 1, 0, 1)),
    at.map((v, i) => 2 * v * (i % 2 === 0 ? 5 : 1)),
  );
});

test("products are stacked where their factors are smaller than they are", () => {
  const weight = randomLeaf([2, 3], 1);
  const [small, large] = [randomLeaf([1, 2], 2), randomLeaf([9, 2], 3)];
  const twice = (x: Tensor): Tensor => sum(add(tanh(matmul(x, weight)), tanh(matmul(mul(x, 2), weight))));
  expect(opOf(gradients(twice(small), [weight])[0]!)?.name).toBe("matmul");
  expect(opOf(gradients(twice(large), [weight])[0]!)?.name).toBe("add");
  expectGradients((weight) => add(tanh(matmul(small, weight)), tanh(matmul(mul(small, 2), weight))), [weight]);
});
