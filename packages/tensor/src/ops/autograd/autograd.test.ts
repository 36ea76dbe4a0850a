import { describe, expect, test } from "vitest";
import { ShapeError } from "../../errors.ts";
import { gradients } from "../../grad.ts";
import { topological } from "../../graph.ts";
import { opOf } from "../../op/apply.ts";
import { State } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import { tensor } from "../source/creation.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf, setLeaf } from "../../test/evaluate.ts";
import { gelu } from "../activation/gelu.ts";
import { silu, softplus } from "../activation/sigmoid.ts";
import { gather } from "../indexing/gather.ts";
import { embedding, indexSelect } from "../indexing/index-select.ts";
import { scatterAdd } from "../indexing/scatter-add.ts";
import { conv2d } from "../library/conv2d.ts";
import { matmul } from "../library/matmul.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { clamp, maximum, minimum } from "../pointwise/extremes.ts";
import { tanh } from "../pointwise/hyperbolic.ts";
import { cbrt, pow } from "../pointwise/power.ts";
import { round } from "../pointwise/rounding.ts";
import { avgPool2d } from "../pooling/avg-pool2d.ts";
import { maxPool2d } from "../pooling/max-pool2d.ts";
import { max } from "../reduce/extremes.ts";
import { std, variance } from "../reduce/moments.ts";
import { norm } from "../reduce/norm.ts";
import { prod } from "../reduce/prod.ts";
import { logSoftmax, logSumExp, softmax } from "../reduce/softmax.ts";
import { sum } from "../reduce/sum.ts";
import { concat, split, stack } from "../view/concat.ts";
import { flip } from "../view/flip.ts";
import { pad } from "../view/pad.ts";
import { transpose } from "../view/permute.ts";
import { slice } from "../view/slice.ts";
import { checkpoint } from "./checkpoint.ts";
import { customGrad } from "./custom-grad.ts";

const index = tensor(Int32Array.from([2, 0, 2, 1]));

describe("first and second derivatives", () => {
  test.each([
    ["gelu", (x) => gelu(x), [3, 4]],
    ["gelu by tanh", (x) => gelu(x, { approximate: "tanh" }), [3, 4]],
    ["silu", (x) => silu(x), [3, 4]],
    ["softplus", (x) => softplus(x, { beta: 2 }), [3, 4]],
    ["softmax", (x) => softmax(x), [3, 4]],
    ["softmax along the first axis", (x) => softmax(x, { axis: 0 }), [3, 4]],
    ["logSoftmax", (x) => logSoftmax(x), [3, 4]],
    ["logSumExp", (x) => logSumExp(x, { axis: [0, 2] }), [2, 3, 2]],
    ["variance", (x) => variance(x, { axis: 1 }), [3, 4]],
    ["std", (x) => std(x, { axis: [0, 1], correction: 0 }), [3, 4]],
    ["norm", (x) => norm(x, { axis: 1 }), [3, 4]],
    ["norm of p 3", (x) => norm(x, { axis: 0, p: 3 }), [3, 4]],
    ["max", (x) => mul(max(x, { axis: 1, keepDims: true }), x), [3, 4]],
    ["prod", (x) => prod(x, { axis: [0, 2] }), [2, 3, 3]],
    ["pow", (x) => pow(add(x, 2), 1.7), [3, 4]],
    ["cbrt", (x) => cbrt(add(x, 2)), [3, 4]],
    ["clamp", (x) => mul(clamp(x, { min: -0.4, max: 0.6 }), x), [3, 4]],
    [
      "slice, flip, pad",
      (x) =>
        mul(
          pad(flip(slice(x, [{ start: -1, step: -2 }, { start: 1 }])), [
            [1, 0],
            [0, 2],
          ]),
          2,
        ),
      [5, 4],
    ],
    ["slice times itself", (x) => mul(slice(x, [null, { step: 2 }]), slice(x, [null, { start: 1, step: 2 }])), [3, 4]],
    ["concat, split, stack", (x) => stack(split(concat([mul(x, x), x], { axis: 1 }), 2, { axis: 1 })), [3, 4]],
    ["transpose", (x) => matmul(transpose(x), x), [3, 4]],
    ["indexSelect", (x) => mul(indexSelect(x, index), indexSelect(x, index)), [3, 4]],
    ["indexSelect along the last axis", (x) => tanh(indexSelect(x, index, { axis: -1 })), [2, 3]],
    ["embedding", (x) => tanh(embedding(index, x)), [3, 2]],
    [
      "gather",
      (x) =>
        tanh(
          gather(
            x,
            tensor(
              [
                [0, 2],
                [1, 1],
              ],
              { dtype: "int32" },
            ),
            { axis: 1 },
          ),
        ),
      [3, 4],
    ],
    ["maxPool2d", (x) => tanh(maxPool2d(x, 2)), [1, 2, 4, 5]],
    ["maxPool2d, overlapping and padded", (x) => tanh(maxPool2d(x, 3, { stride: 2, padding: 1, ceilMode: true })), [1, 2, 5, 6]],
    ["maxPool2d, dilated", (x) => tanh(maxPool2d(x, 2, { stride: 1, dilation: 2 })), [1, 1, 5, 6]],
    ["avgPool2d", (x) => tanh(avgPool2d(x, 2)), [1, 2, 4, 5]],
    [
      "avgPool2d, overlapping and padded",
      (x) => tanh(avgPool2d(x, 3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false })),
      [1, 2, 5, 6],
    ],
  ] as readonly (readonly [string, (x: Tensor) => Tensor, readonly number[]])[])("%s", (_, f, shape) => {
    expectGradients(f, [randomLeaf(shape)]);
  });

  test("conv2d with stride, padding and groups", () => {
    const options = { stride: 2, padding: 1, groups: 2 };
    expectGradients((x, weight) => tanh(conv2d(x, weight, options)), [randomLeaf([1, 2, 4, 5], 1), randomLeaf([4, 1, 3, 3], 2)]);
  });

  test("maximum and minimum, pow of both, scatterAdd", () => {
    const a = randomLeaf([3, 4], 1);
    const b = randomLeaf([3, 4], 2);
    expectGradients((x, y) => mul(maximum(x, y), minimum(x, y)), [a, b]);
    expectGradients((x, y) => pow(add(x, 2), y), [a, b]);
    expectGradients(
      (x, y) =>
        tanh(
          scatterAdd(
            x,
            tensor(
              [
                [0, 2],
                [1, 1],
              ],
              { dtype: "int32" },
            ),
            slice(y, [{ end: 2 }, { end: 2 }]),
            { axis: 1 },
          ),
        ),
      [a, b],
    );
  });
});

describe("gradients at kinks and ties are PyTorch's", () => {
  const slopes = (f: (x: Tensor) => Tensor, values: readonly number[]): number[] => {
    const x = leaf({ shape: [values.length], dtype: "float32" }, values);
    return [...(evaluate(...gradients(sum(f(x)), [x]))[0] ?? [])];
  };

  test("equal values share", () => {
    expect(slopes((x) => max(x), [1, 3, 3, 0])).toEqual([0, 0.5, 0.5, 0]);
    expect(slopes((x) => maximum(x, 2), [1, 2, 3])).toEqual([0, 0.5, 1]);
    expect(slopes((x) => minimum(x, 2), [1, 2, 3])).toEqual([1, 0.5, 0]);
  });
  test("clamp passes at its limits, a zero vector's norm has slope 0", () => {
    expect(slopes((x) => clamp(x, { min: 0, max: 1 }), [-1, 0, 0.5, 1, 2])).toEqual([0, 1, 1, 1, 0]);
    expect(slopes((x) => norm(x), [0, 0])).toEqual([0, 0]);
  });
  test("powers of zero", () => {
    expect(slopes((x) => pow(x, tensor([0, 1, 2])), [0, 0, 0])).toEqual([0, 1, 0]);
    expect(slopes((x) => pow(tensor([0, 0, 1]), x), [0, 2, 3])).toEqual([0, 0, 0]);
  });
  test("a product with zeros", () => {
    expect(slopes((x) => prod(x), [2, 0, 3])).toEqual([0, 6, 0]);
    expect(slopes((x) => prod(x), [0, 0, 3])).toEqual([0, 0, 0]);
    expectGradients((x) => prod(x), [leaf({ shape: [4], dtype: "float32" }, [2, 0, 3, -1])]);
  });
});

describe("customGrad", () => {
  const straightThrough = customGrad(round, ({ cotangent }) => [cotangent]);

  test("uses the gradient it was given", () => {
    const x = leaf({ shape: [3], dtype: "float32" }, [0.2, 1.7, -2.4]);
    const y = sum(mul(straightThrough(x), x));
    expectClose(evaluate(y)[0], [1.7 * 2 + 2.4 * 2]);
    expectClose(evaluate(...gradients(y, [x]))[0], [0.2, 3.7, -4.4]);
  });
  test("can be differentiated again", () => {
    const cube = customGrad(
      (x) => mul(mul(x, x), x),
      ({ inputs: [x = tensor(0)], cotangent }) => [mul(mul(mul(x, x), 3), cotangent)],
    );
    expectGradients(cube, [randomLeaf([4])]);
  });
  test("refuses a cotangent of another shape", () => {
    const wrong = customGrad(tanh, ({ cotangent }) => [sum(cotangent)]);
    const x = randomLeaf([3]);
    expect(() => gradients(sum(wrong(x)), [x])).toThrow(ShapeError);
  });
});

describe("checkpoint", () => {
  const weight = randomLeaf([4, 4], 3);
  const block = (x: Tensor) => tanh(matmul(tanh(matmul(x, weight)), transpose(weight)));

  test("changes no value and no derivative", () => {
    const x = randomLeaf([3, 4]);
    expectClose(evaluate(checkpoint(block)(x))[0], evaluate(block(x))[0] ?? [], 1e-15);
    const plain = evaluate(...gradients(sum(block(x)), [x, weight]));
    evaluate(...gradients(sum(checkpoint(block)(x)), [x, weight])).forEach((gradient, i) => expectClose(gradient, plain[i] ?? [], 1e-14));
    expectGradients(checkpoint(block), [x]);
  });

  test("computes the region again, from barriers that wait for the cotangent", () => {
    const x = randomLeaf([3, 4]);
    const y = sum(checkpoint(block)(x));
    const count = (of: readonly Tensor[], name: string): number => topological(of).filter((t) => opOf(t)?.name === name).length;
    expect(count([y], "tanh")).toBe(2);
    const [gradient] = gradients(y, [x]);
    expect(gradient && count([gradient], "tanh")).toBe(2);
    expect(gradient && count([gradient], "barrier")).toBe(1);
  });

  test("reaches parameters, nests, and lets a region depend on no input", () => {
    const parameter = new State({ shape: [4, 4], dtype: "float32" }, "w", () => new Float32Array(16).fill(0.1));
    const x = randomLeaf([2, 4]);
    const through = (f: (x: Tensor) => Tensor) => gradients(sum(f(x)), [parameter, x]);
    const f = (input: Tensor) => tanh(matmul(input, parameter));
    const [plain = x] = through((input) => f(f(input)));
    const [nested = x] = through(checkpoint((input) => checkpoint(f)(f(input))));
    const [alone = x] = through(() => checkpoint(() => tanh(parameter))());
    expect(topological([nested]).some((t) => opOf(t)?.name === "barrier")).toBe(true);
    setLeaf(parameter.leaf(), parameter.hostValue() ?? []);
    expectClose(evaluate(nested)[0], evaluate(plain)[0] ?? [], 1e-14);
    expectClose(
      evaluate(alone)[0],
      Array.from({ length: 16 }, () => 1 - Math.tanh(Math.fround(0.1)) ** 2),
    );
  });
});
