import { add, conv2d, exp, fromHost, gradients, indexSelect, matmul, mul, relu, sum, type Tensor } from "@gradus/tensor";
import { expect, test } from "vitest";
import { data, planOf } from "../plan-text.test.support.ts";
import { type StepCost, stepCost } from "./step-cost.ts";

function costsOf(...outputs: readonly Tensor[]): (StepCost & { readonly label: string })[] {
  const { steps, buffers } = planOf(...outputs);
  return steps.map((step) => ({ label: step.label, ...stepCost(step, buffers) }));
}

test("a matrix product takes 2 m n k operations, whichever way its factors lie", () => {
  const bytes = 4 * (3 * 5 + 5 * 7 + 3 * 7);
  expect(costsOf(matmul(data(3, 5), data(5, 7)))).toEqual([{ label: "matmul", flops: 2 * 3 * 7 * 5, bytes }]);
  expect(costsOf(matmul(data(5, 3), data(5, 7), { transposeA: true }))).toEqual([{ label: "matmul", flops: 2 * 3 * 7 * 5, bytes }]);
  expect(costsOf(matmul(data(3, 5), data(7, 5), { transposeB: true }))).toEqual([{ label: "matmul", flops: 2 * 3 * 7 * 5, bytes }]);
  expect(costsOf(matmul(data(2, 3, 5), data(2, 5, 7)))).toEqual([{ label: "matmul", flops: 2 * 2 * 3 * 7 * 5, bytes: 2 * bytes }]);
});

test("what is done to a product before it is stored counts, and so do the bytes it reads", () => {
  const product = 2 * 3 * 7 * 5;
  expect(costsOf(add(matmul(data(3, 5), data(5, 7)), data(7)))).toEqual([
    { label: "matmul+add", flops: product + 3 * 7, bytes: 4 * (3 * 5 + 5 * 7 + 7 + 3 * 7) },
  ]);
});

test("a convolution and its gradients take a product and a sum for each weight of a channel and pixel of the output, padding and groups included", () => {
  const [x, weight] = [data(2, 4, 6, 6), data(8, 2, 3, 3)];
  const y = conv2d(x, weight, { padding: 1, stride: 2, groups: 2 });
  const flops = 2 * (2 * 8 * 3 * 3) * (2 * 3 * 3);
  const sizes = { x: 2 * 4 * 36, weight: 8 * 2 * 9, y: 2 * 8 * 9 };
  const bytes = 4 * (sizes.x + sizes.weight + sizes.y);
  const costs = costsOf(y, ...gradients(sum(mul(y, y)), [x, weight]));
  for (const label of ["conv2d", "conv2dInputGrad", "conv2dWeightGrad"])
    expect(costs.find((cost) => cost.label.split("+")[0] === label)).toMatchObject({ flops, bytes });
});

test("loops take what their programs cost, for every element and every value reduced", () => {
  expect(costsOf(mul(exp(data(6)), 3))).toEqual([{ label: "mul", flops: 6 * (10 + 1), bytes: 4 * 12 }]);
  // exp and the running sum.
  expect(costsOf(sum(exp(data(4, 6)), { axis: 1 }))).toEqual([{ label: "sum", flops: 24 * (10 + 1), bytes: 4 * (24 + 4) }]);
  // A value used twice is computed once: a square and an addition.
  const x = data(5);
  const square = mul(x, x);
  expect(costsOf(add(square, square))).toEqual([{ label: "add", flops: 5 * 2, bytes: 4 * 10 }]);
});

test("of a table read at few rows no more counts than is read", () => {
  const [cost] = costsOf(indexSelect(data(1000, 16), fromHost([3], "int32", Int32Array.of(4, 1, 4))));
  expect(cost?.bytes).toBe(4 * (3 + 3 * 16 + 3 * 16));
});

test("a sum into rows takes an addition for each update", () => {
  const table = data(10, 4);
  const rows = indexSelect(table, fromHost([3], "int32", Int32Array.of(4, 1, 4)));
  const cost = costsOf(...gradients(sum(relu(rows)), [table])).find(({ label }) => label.startsWith("scatterAdd"));
  expect(cost).toMatchObject({ flops: 3 * 4, bytes: 4 * (3 + 3 * 4 + 10 * 4) });
});
