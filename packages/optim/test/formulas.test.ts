import { compile } from "@gradus/compile";
import { full, valueAndGrad } from "@gradus/tensor";
import { describe, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { lamb, lars, lion, nadam, type Optimizer, radam, sgd } from "../src/index.ts";
import { backendNames, install } from "./support/backends.ts";
import { smallProblem } from "./support/problem.ts";

/** One parameter and what is kept of it, in float64, written from a paper's formula. */
type Row = { p: number[]; m: number[]; v: number[] };
type Formula = (row: Row, g: readonly number[], t: number) => void;

const length = (values: readonly number[]): number => Math.hypot(...values);

const formulas: Readonly<Record<string, readonly [make: () => Optimizer, formula: Formula]>> = {
  // Chen et al., 2023, algorithm 2.
  lion: [
    () => lion({ learningRate: 0.02, betas: [0.8, 0.95], weightDecay: 0.3 }),
    (row, g) =>
      row.p.forEach((p, i) => {
        const m = row.m[i]!;
        const c = 0.8 * m + (1 - 0.8) * g[i]!;
        row.p[i] = p - 0.02 * (Math.sign(c) + 0.3 * p);
        row.m[i] = 0.95 * m + (1 - 0.95) * g[i]!;
      }),
  ],
  // You et al., 2020, algorithm 2.
  lamb: [
    () => lamb({ learningRate: 0.05, weightDecay: 0.1 }),
    (row, g, t) => {
      row.m = row.m.map((m, i) => 0.9 * m + 0.1 * g[i]!);
      row.v = row.v.map((v, i) => 0.999 * v + 0.001 * g[i]! ** 2);
      const u = row.p.map((p, i) => row.m[i]! / (1 - 0.9 ** t) / (Math.sqrt(row.v[i]! / (1 - 0.999 ** t)) + 1e-6) + 0.1 * p);
      const ratio = length(row.p) / length(u);
      row.p = row.p.map((p, i) => p - 0.05 * ratio * u[i]!);
    },
  ],
  // You, Gitman and Ginsburg, 2017, algorithm 1.
  lars: [
    () => lars({ learningRate: 2, momentum: 0.9, trustCoefficient: 0.02, weightDecay: 0.1 }),
    (row, g) => {
      const local = (0.02 * length(row.p)) / (length(g) + 0.1 * length(row.p));
      row.m = row.m.map((m, i) => 0.9 * m + 2 * local * (g[i]! + 0.1 * row.p[i]!));
      row.p = row.p.map((p, i) => p - row.m[i]!);
    },
  ],
  // Dozat, 2016, algorithm 2, with the products multiplied out.
  nadam: [
    () => nadam({ learningRate: 0.01, momentumDecay: 0.2 }),
    (row, g, t) => {
      const mu = (i: number): number => 0.9 * (1 - 0.5 * 0.96 ** (0.2 * i));
      const product = Array.from({ length: t }, (_, i) => mu(i + 1)).reduce((a, b) => a * b);
      row.m = row.m.map((m, i) => 0.9 * m + 0.1 * g[i]!);
      row.v = row.v.map((v, i) => 0.999 * v + 0.001 * g[i]! ** 2);
      row.p = row.p.map((p, i) => {
        const mean = (mu(t + 1) * row.m[i]!) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g[i]!) / (1 - product);
        return p - (0.01 * mean) / (Math.sqrt(row.v[i]! / (1 - 0.999 ** t)) + 1e-8);
      });
    },
  ],
  // Liu et al., 2020, algorithm 2, with PyTorch's threshold of 5.
  radam: [
    () => radam({ learningRate: 0.01, betas: [0.9, 0.99] }),
    (row, g, t) => {
      row.m = row.m.map((m, i) => 0.9 * m + 0.1 * g[i]!);
      row.v = row.v.map((v, i) => 0.99 * v + 0.01 * g[i]! ** 2);
      const longest = 2 / 0.01 - 1;
      const length = longest - (2 * t * 0.99 ** t) / (1 - 0.99 ** t);
      const r = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
      row.p = row.p.map((p, i) => {
        const step = (0.01 * row.m[i]!) / (1 - 0.9 ** t);
        return p - (length > 5 ? (step * r * Math.sqrt(1 - 0.99 ** t)) / (Math.sqrt(row.v[i]!) + 1e-8) : step);
      });
    },
  ],
  // Loshchilov and Hutter, 2019, algorithm 1.
  sgdw: [
    () => sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.2, decoupledWeightDecay: true }),
    (row, g) => {
      row.m = row.m.map((m, i) => 0.9 * m + g[i]!);
      row.p = row.p.map((p, i) => p - 0.1 * row.m[i]! - 0.1 * 0.2 * p);
    },
  ],
};

describe.each(backendNames)("optimizers as their papers define them, on %s", (backend) => {
  test.each(Object.entries(formulas))("%s", async (name, [make, formula]) => {
    install(backend);
    const { model, loss } = smallProblem();
    const optimizer = make();
    const step = compile(() => {
      const { grads } = valueAndGrad(model, loss);
      optimizer.apply(model, grads);
      return [grads.get("w")!, grads.get("b")!];
    });
    const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
    const rows: Row[] = [];
    for (const parameter of [model.w, model.b])
      rows.push({ p: [...(await parameter.data())], m: zeros(parameter.size), v: zeros(parameter.size) });
    for (let t = 1; t <= 70; t++) {
      const grads = await Promise.all(step().map((grad) => grad.data()));
      for (const [i, parameter] of [model.w, model.b].entries()) {
        const row = rows[i]!;
        formula(row, [...grads[i]!], t);
        expectClose(await parameter.data(), row.p, 2e-6, `${name}: step ${t}`);
      }
    }
  });
});

test("decay can be an L2 penalty for one group and decoupled for another", async () => {
  install("reference");
  const { model } = smallProblem();
  const [w, b] = [[...(await model.w.data())], [...(await model.b.data())]];
  const groups = [{ match: /^w$/, weightDecay: 0.5, decoupledWeightDecay: true }];
  const optimizer = sgd({ learningRate: 0.25, momentum: 0.5, weightDecay: 0.125, groups });
  const grads = new Map([
    ["w", full([2, 3], 1)],
    ["b", full([3], 1)],
  ]);
  optimizer.apply(model, grads);
  expectClose(
    await model.w.data(),
    w.map((p) => p * (1 - 0.25 * 0.5) - 0.25),
    1e-6,
  );
  expectClose(
    await model.b.data(),
    b.map((p) => p - 0.25 * (1 + 0.125 * p)),
    1e-6,
  );
  const slots = await optimizer.stateDict();
  expectClose(slots.get("w/momentum")?.data ?? [], [1, 1, 1, 1, 1, 1], 0);
});

describe("a parameter of zeros", () => {
  test.each([
    ["lamb", () => lamb({ learningRate: 0.1 })],
    ["lars", () => lars({ learningRate: 0.1 })],
  ])("can leave them under %s", async (_, make) => {
    install("reference");
    const { model, loss } = smallProblem();
    model.b.set(new Float32Array(3));
    make().apply(model, valueAndGrad(model, loss).grads);
    const moved = await model.b.data();
    expectClose([Number(moved.every((value) => value !== 0 && Number.isFinite(value)))], [1], 0);
  });
});
