import {
  defineLoop,
  apply,
  fromHost,
  grad,
  type HostTensor,
  matmul,
  mul,
  NumericError,
  relu,
  State,
  sum,
  tanh,
  type Tensor,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { checkGradients } from "./check-gradients.ts";
import { uniform } from "./random.ts";

function drawn(shape: readonly number[], seed: number): HostTensor {
  const random = uniform(seed);
  return { shape, dtype: "float32", data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * random() - 1) };
}

/** Cubes, and claims that the derivative is 2x². */
const wrongCubeOp = defineLoop<Tensor>()({
  name: "wrongCube",
  inputs: { x: "one" },
  attrs: {},
  access: "pointwise",
  infer: ({ x }) => x,
  body: ({ s, x: { x }, at }) => s.call("mul", x.at(at), s.call("mul", x.at(at), x.at(at))),
  vjp: ({ x: { x }, ct }) => ({ x: mul(ct, mul(2, mul(x, x))) }),
});

describe("checkGradients", () => {
  test("accepts a small network, all its inputs at once", () => {
    checkGradients((x, w, v) => matmul(tanh(matmul(x, w)), v), [drawn([3, 4], 1), drawn([4, 5], 2), drawn([5, 2], 3)]);
  });

  test("accepts gradients of gradients", () => {
    checkGradients(
      (x, w) => {
        const [dx] = grad((z: Tensor) => sum(tanh(matmul(z, w))))(x);
        return dx ?? x;
      },
      [drawn([2, 3], 1), drawn([3, 4], 2)],
    );
  });

  test("reads state cells at their present value", () => {
    const scale = new State({ shape: [3], dtype: "float32" }, "scale", () => Float32Array.of(2, -3, 0.5));
    checkGradients((x) => mul(mul(x, x), scale), [drawn([3], 4)]);
  });

  test("drops updates the function records", () => {
    const total = new State({ shape: [3], dtype: "float32" }, "total");
    checkGradients(
      (x) => {
        total.assign(x);
        return mul(x, x);
      },
      [drawn([3], 4)],
    );
    expect(total.pending).toBe(null);
  });

  test("leaves kinks out: relu at 0", () => {
    checkGradients((x) => relu(x), [{ shape: [3], dtype: "float32", data: Float32Array.of(-1, 0, 1) }]);
  });

  test("an input the result does not depend on has gradient zero", () => {
    checkGradients((x) => mul(x, x), [drawn([2], 1), drawn([2], 2)]);
  });

  test("a wrong gradient is a NumericError that names input, entry, both values and their distance", () => {
    const x = fromHost([2, 2], "float32", Float32Array.of(0.001, 0.001, 0.001, 1));
    const attempt = (): void => checkGradients((_, cube) => apply(wrongCubeOp, { x: cube }, {}), [drawn([1], 1), x]);
    expect(attempt).toThrow(NumericError);
    expect(attempt).toThrow(
      /^checkGradients: the gradient of input 1 at entry 3 is -?[\d.]+, and its numeric estimate -?[\d.]+: they differ by [\d.]+\n {2}input: 1\n {2}entry: 3\n {2}index: \[1, 1\]/,
    );
  });

  test("an integer result has no gradient to check", () => {
    expect(() => checkGradients((x) => x, [{ shape: [1], dtype: "int32", data: Int32Array.of(1) }])).toThrow("needs a float32 result");
  });
});
