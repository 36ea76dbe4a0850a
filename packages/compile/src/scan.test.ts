import { add, gradients, matmul, mul, narrow, scan, sum, tanh, type Tensor, zeros } from "@gradus/tensor";
import { expect, test } from "vitest";
import { buildPlan } from "./build.ts";
import { cacheLine } from "./memory.ts";
import { data, planOf, textOf } from "./plan-text.test.support.ts";
import { planCost, printPlan } from "./print.ts";
import { readProgram } from "./program.ts";

const recurrence = (
  length: number,
  width = 64,
): { readonly ys: Tensor; readonly last: Tensor; readonly x: Tensor; readonly weight: Tensor } => {
  const [x, weight] = [data(length, 4, width), data(width, width)];
  const { state, ys } = scan(
    (state: Tensor, row) => {
      const next = tanh(add(matmul(state, weight), row));
      return [next, mul(next, next)];
    },
    zeros([4, width]),
    x,
  );
  return { ys, last: state, x, weight };
};

test("a recurrence is planned once, over rows of what it is given and of what it gives", () => {
  const { ys, last } = recurrence(5);
  expect(textOf(planOf(ys, last))).toMatchInlineSnapshot(`
    "
    full: over [256] of 
      %2 = 0
    scan: 5 steps, binding %4[0 + 256 k], %1[0 + 0 k], %0[0 + 256 k], %4[256 + 256 k], %5[0 + 256 k], in no arena
        matmul+add: %0, %1 -> %5
          then over [1, 4, 64] add(acc0, b0[0+64*i1+1*i2]) of %2
        tanh+mul: over [256] of %5
          %3 = tanh(b0[0+1*i0])
          %4 = mul(tanh(b0[0+1*i0]), tanh(b0[0+1*i0]))
        %0 float32[4, 64] bound 0 (kept)
        %1 float32[64, 64] bound 1 (kept)
        %2 float32[4, 64] bound 2 (kept)
        %3 float32[4, 64] bound 3 (tanh)
        %4 float32[4, 64] bound 4 (mul)
        %5 float32[4, 64] bound 3 (add)
        outputs ; arena 0
    reshape: over [256] of %4
      %3 = b0[1280+1*i0]
    %0 float32[5, 4, 64] at 22528 (constant)
    %1 float32[64, 64] at 0 (constant)
    %2 float32[4, 64] at 16384 (full)
    %3 float32[4, 64] at 0 (reshape)
    %4 float32[6, 4, 64] at 16384 (tap)
    %5 float32[5, 4, 64] at 27648 (tap)
    outputs %5, %3; arena 32768
    "
  `);
});

test("the way back is a scan the other way, and a weight's gradient one product after it", () => {
  const { ys, x, weight } = recurrence(5);
  expect(printPlan(planOf(...gradients(sum(ys), [x, weight])))).toMatchInlineSnapshot(`
    "full [256]:  -> full float32[4, 64]
    copy [256]: full float32[4, 64] -> op float32[4, 64]
    expand [1280]:  -> expand float32[5, 4, 64]
    scan of 5 steps: constant float32[64, 64], constant float32[5, 4, 64], full float32[4, 64] -> tap float32[6, 4, 64]
      matmul+add library then add(acc0, b0[0+64*i1+1*i2]): kept float32[4, 64], kept float32[64, 64], kept float32[4, 64] -> add float32[4, 64]
      tanh [256]: add float32[4, 64] -> tanh float32[4, 64]
    scan of 5 steps: expand float32[5, 4, 64], tap float32[6, 4, 64], constant float32[64, 64], op float32[4, 64] -> tap float32[6, 4, 64], tap float32[5, 4, 64]
      mul [256]: kept float32[4, 64], kept float32[4, 64], kept float32[4, 64] -> mul float32[4, 64]
      matmul library: mul float32[4, 64], kept float32[64, 64] -> matmul float32[4, 64]
    slice [1280]: tap float32[6, 4, 64] -> slice float32[5, 4, 64]
    matmul library: slice float32[5, 4, 64], tap float32[5, 4, 64] -> matmul float32[64, 64]
    25 kernels, 266240 bytes moved, 38912 bytes of arena"
  `);
});

test("plans do not grow with the length, nor arenas by more than rows", () => {
  const [short, long] = [8, 80].map((length) => {
    const { ys, x, weight } = recurrence(length);
    return planOf(...gradients(sum(mul(ys, ys)), [x, weight]));
  });
  expect(long?.steps.length).toBe(short?.steps.length);
  expect((long?.arenaBytes ?? 0) / (short?.arenaBytes ?? 1)).toBeLessThan(10);
});

test("runs of rows are read where they lie", () => {
  const x = add(data(10, 64), 1);
  const whole = scan((total: Tensor, row) => [add(total, row), mul(total, row)], zeros([64]), x);
  const run = scan((total: Tensor, row) => [add(total, row), total], zeros([64]), narrow(whole.ys, 0, 3, 4));
  expect(planOf(run.state).steps.filter(({ label }) => label === "slice")).toEqual([]);
});

test("where rows cannot be bound, the steps are planned one by one", () => {
  const wishes = { alignment: cacheLine, rowAlignment: 256, sideBySide: true, sweeping: null, takesHalves: false };
  const kinds = (width: number): readonly string[] => {
    const { ys, last } = recurrence(5, width);
    return [...new Set(buildPlan(readProgram([ys, last], []), wishes).steps.map(({ kind }) => kind))];
  };
  expect(kinds(64)).toContain("scan");
  expect(kinds(5)).not.toContain("scan");
});

test("a scan costs what its steps cost, each time", () => {
  const cost = (length: number): number => planCost(planOf(recurrence(length).last)).kernels;
  expect(cost(9) - cost(4)).toBe(5 * 2);
});
