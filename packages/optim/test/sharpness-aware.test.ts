import { compile } from "@gradus/compile";
import { add, mean, mul, pendingStates, sin, square, State, sub, sum, tensor, valueAndGrad } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { sgd, sharpnessAware } from "../src/index.ts";
import { Affine } from "./support/affine.ts";
import { backendNames, install } from "./support/backends.ts";

const a = [
  [0.5, -1],
  [2, 0.25],
  [-0.75, 1.5],
];
const y = [1, -0.5, 0.75];

/** mean((A w + b - y)^2) + sum(sin(3 w)) / 10 and its gradient, in float64. */
function gradient(w: readonly number[], b: number): { readonly w: number[]; readonly b: number } {
  const residuals = a.map((row, i) => row[0]! * w[0]! + row[1]! * w[1]! + b - y[i]!);
  return {
    w: w.map((value, j) => (2 / 3) * residuals.reduce((total, r, i) => total + r * a[i]![j]!, 0) + 0.3 * Math.cos(3 * value)),
    b: (2 / 3) * residuals.reduce((total, r) => total + r, 0),
  };
}

describe.each(backendNames)("sharpness-aware steps on %s", (backend) => {
  test.each([false, true])("take the gradient that the paper's formula gives (adaptive: %s)", async (adaptive) => {
    install(backend);
    const model = new Affine([2, 1], [0.5, -0.75], [0.25]);
    const optimizer = sgd({ learningRate: 0.125 });
    const loss = () => {
      const residual = sub(model.forward(tensor(a)), tensor(y, { shape: [3, 1] }));
      return add(mean(square(residual)), mul(sum(sin(mul(model.w, 3))), 0.1));
    };
    const step = compile(() => {
      const sharp = sharpnessAware(model, loss, { rho: 0.3, adaptive });
      optimizer.apply(model, sharp.grads, { loss: sharp.loss });
      return sharp.loss;
    });
    let [w, b] = [[0.5, -0.75], 0.25];
    for (let t = 0; t < 5; t++) {
      const here = gradient(w, b);
      const scale = (p: number): number => (adaptive ? Math.abs(p) : 1);
      const size = Math.hypot(...here.w.map((g, i) => g * scale(w[i]!)), here.b * scale(b));
      const climb = (p: number, g: number): number => p + (0.3 * g * scale(p) ** 2) / size;
      const there = gradient(
        w.map((p, i) => climb(p, here.w[i]!)),
        climb(b, here.b),
      );
      const first = await step().item();
      if (t === 0) expectClose([first], [lossAt(a, y)], 1e-6, "the loss is the one at the parameters");
      w = w.map((p, i) => p - 0.125 * there.w[i]!);
      b -= 0.125 * there.b;
      expectClose(await model.w.data(), w, 1e-5, `w after step ${t}`);
      expectClose(await model.b.data(), [b], 1e-5, `b after step ${t}`);
    }
  });
});

function lossAt(rows: readonly (readonly number[])[], targets: readonly number[]): number {
  const residuals = rows.map((row, i) => row[0]! * 0.5 - row[1]! * 0.75 + 0.25 - targets[i]!);
  const squares = residuals.reduce((total, r) => total + r * r, 0) / 3;
  return squares + 0.1 * (Math.sin(1.5) + Math.sin(-2.25));
}

test("parameters and everything else the loss updates are left as the first call left them", async () => {
  install("reference");
  const model = new Affine([1, 1], [2], [0]);
  const running = new State({ shape: [], dtype: "float32" }, "running");
  const { grads } = sharpnessAware(model, () => {
    running.assign(add(running, sum(model.w)));
    return sum(square(model.w));
  });
  expect([...pendingStates]).toEqual([running]);
  expect(await running.item()).toBe(2);
  expect(await model.w.item()).toBe(2);
  expectClose([(await grads.get("w")?.item()) ?? 0], [2 * 2.05], 1e-6);
});

test("it follows updates recorded before it", async () => {
  install("reference");
  const model = new Affine([1, 1], [2], [0]);
  const loss = () => sum(square(model.w));
  const optimizer = sgd({ learningRate: 0.25 });
  optimizer.apply(model, valueAndGrad(model, loss).grads);
  const { grads } = sharpnessAware(model, loss);
  expectClose([(await grads.get("w")?.item()) ?? 0], [2 * 1.05], 1e-6);
  expect(await model.w.item()).toBe(1);
});

test("refuses a radius of 0", () => {
  install("reference");
  const model = new Affine([1, 1], [2], [0]);
  expect(() => sharpnessAware(model, () => sum(model.w), { rho: 0 })).toThrow(expect.objectContaining({ code: "argument/optimizer" }));
});
