import { leafTable } from "@gradus/tensor";
import { describe, expect, it } from "vitest";
import { ModuleBuilder } from "../asm/index.ts";
import { generator, levels } from "../kernels/run-kernels.test.harness.ts";
import { Lanes } from "./lanes.ts";
import { isMathName, MathFunctions, type MathName, mathNames } from "./math.ts";
import { everyMagnitude, evenly, mathRun, unitsApart } from "./math.test.harness.ts";

interface Accuracy {
  /** ULP, at every level, as the function's docstring says. */
  readonly bound: number;
  /** Where it holds, beside numbers of every magnitude. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  /** The largest magnitude it holds for. */
  readonly reach?: number;
  readonly samples?: number;
}

const unary = {
  exp: {
    bound: 1.1,
    ranges: [
      [-104.5, 89.5],
      [-1, 1],
    ],
  },
  expm1: {
    bound: 1.8,
    ranges: [
      [-18, 89.5],
      [-1, 1],
    ],
  },
  log: {
    bound: 0.9,
    ranges: [
      [0, 10],
      [0.5, 2],
    ],
  },
  log1p: {
    bound: 1.5,
    ranges: [
      [-1, 4],
      [-0.1, 0.1],
    ],
  },
  sin: {
    bound: 1.7,
    ranges: [
      [-1e5, 1e5],
      [-7, 7],
    ],
    reach: 1e5,
  },
  cos: {
    bound: 1.7,
    ranges: [
      [-1e5, 1e5],
      [-7, 7],
    ],
    reach: 1e5,
  },
  tan: {
    bound: 3,
    ranges: [
      [-1e5, 1e5],
      [-7, 7],
    ],
    reach: 1e5,
  },
  asin: { bound: 1.5, ranges: [[-1, 1]] },
  acos: { bound: 1.5, ranges: [[-1, 1]] },
  atan: {
    bound: 1.6,
    ranges: [
      [-3, 3],
      [-50, 50],
    ],
  },
  sinh: {
    bound: 2.5,
    ranges: [
      [-89.5, 89.5],
      [-2, 2],
    ],
  },
  cosh: {
    bound: 1.7,
    ranges: [
      [-89.5, 89.5],
      [-2, 2],
    ],
  },
  asinh: {
    bound: 2,
    ranges: [
      [-30, 30],
      [-1, 1],
    ],
  },
  acosh: {
    bound: 2.6,
    ranges: [
      [1, 30],
      [1, 2],
    ],
  },
  atanh: { bound: 2.2, ranges: [[-1, 1]] },
  tanh: {
    bound: 6,
    ranges: [
      [-10, 10],
      [-1, 1],
    ],
  },
  erf: { bound: 6, ranges: [[-5, 5]], samples: 100_000 },
} as const satisfies Partial<Record<MathName, Accuracy>>;

/** The worst error in ULP, and where. */
function worst(
  results: Float32Array,
  exact: Float64Array,
  ...args: readonly Float32Array[]
): { readonly error: number; readonly at: string } {
  let error = 0;
  let at = "";
  results.forEach((result, i) => {
    const apart = unitsApart(result, exact[i] ?? Number.NaN);
    if (apart > error) {
      error = apart;
      at = `${args.map((arg) => arg[i]).join(", ")} gives ${result}, not ${exact[i]}`;
    }
  });
  return { error, at };
}

function expectWithin(name: MathName, bound: number, first: Float32Array, second = first): void {
  const { js } = leafTable[name];
  const exact = Float64Array.from(first, (a, i) => js(a, second[i] ?? 0, 0));
  for (const level of levels) {
    const { error, at } = worst(mathRun(name, level)(first, second), exact, first, second);
    expect(error, `${name} on ${level}: ${at}`).toBeLessThanOrEqual(bound);
  }
}

describe("functions of one argument", () => {
  it.each(Object.entries(unary))("%s", (name, { bound, ranges, reach = Number.POSITIVE_INFINITY, samples = 400_000 }: Accuracy) => {
    if (!isMathName(name)) throw new Error(`${name} has no formula`);
    expectWithin(
      name,
      bound,
      everyMagnitude(samples).map((x) => (Math.abs(x) > reach ? 0 : x)),
    );
    for (const [low, high] of ranges) expectWithin(name, bound, evenly(low, high, samples));
  });

  it("sin and cos reduce large numbers to a small absolute error, and stay in [-1, 1] for all", () => {
    for (const name of ["sin", "cos"] as const)
      for (const level of levels) {
        const run = mathRun(name, level);
        const large = evenly(-1e9, 1e9, 100_000);
        const gap = run(large).reduce((most, y, i) => Math.max(most, Math.abs(y - leafTable[name].js(large[i] ?? 0, 0, 0))), 0);
        expect(gap, `${name} on ${level}`).toBeLessThan(1e-6);
        const all = everyMagnitude(400_000).filter(Number.isFinite);
        const outside = run(all.subarray(0, all.length & ~3)).filter((y) => !(Math.abs(y) <= 1));
        expect([...outside]).toEqual([]);
      }
  });

  it("tanh and erf never leave [-1, 1]", () => {
    for (const name of ["tanh", "erf"] as const)
      for (const level of levels) {
        const largest = mathRun(name, level)(evenly(-10, 10, 400_000)).reduce((most, y) => Math.max(most, Math.abs(y)), 0);
        expect(largest).toBe(1);
      }
  });

  it("tan is finite at the floats nearest to its poles", () => {
    const poles = Float32Array.from({ length: 40_000 }, (_, n) => (n - 20_000 + 0.5) * Math.PI);
    expectWithin("tan", unary.tan.bound, poles);
  });
});

describe("functions of two arguments", () => {
  const next = generator(11);
  const length = 400_000;
  const draw = (value: () => number): Float32Array => Float32Array.from({ length }, value);
  const scaled = (low: number, high: number): number => (next() < 0.5 ? -1 : 1) * 2 ** (low + (high - low) * next());

  it("pow over the whole range", () => {
    const a = draw(() => Math.abs(scaled(-149, 128)));
    expectWithin(
      "pow",
      1.2,
      a,
      a.map((x) => (next() * 300 - 150) / Math.log2(x) || 0),
    );
  });
  it("pow near one, to large powers", () => {
    const a = draw(() => 1 + scaled(-23, -2));
    expectWithin(
      "pow",
      1.2,
      a,
      a.map((x) => (next() * 300 - 150) / (Math.log2(x) || 1)),
    );
  });
  it("pow of negative numbers to whole powers", () => {
    expectWithin(
      "pow",
      1.2,
      draw(() => scaled(-8, 8)),
      draw(() => Math.round(next() * 30 - 15)),
    );
  });
  it("pow with small whole and half powers", () => {
    expectWithin(
      "pow",
      1.2,
      draw(() => next() * 10),
      draw(() => Math.round(next() * 12 - 6) / 2),
    );
  });

  it("atan2 over every direction and magnitude", () => {
    expectWithin(
      "atan2",
      2.5,
      draw(() => next() * 2 - 1),
      draw(() => next() * 2 - 1),
    );
    expectWithin(
      "atan2",
      2.5,
      draw(() => scaled(-149, 128)),
      draw(() => scaled(-149, 128)),
    );
  });

  it("rem is exact, however far apart the arguments are", () => {
    expectWithin(
      "rem",
      0,
      draw(() => (next() - 0.5) * 100),
      draw(() => (next() - 0.5) * 10),
    );
    expectWithin(
      "rem",
      0,
      draw(() => Math.round((next() - 0.5) * 1000)),
      draw(() => Math.round(next() * 20)),
    );
    expectWithin(
      "rem",
      0,
      draw(() => scaled(-149, 128)),
      draw(() => scaled(-149, 128)),
    );
  });
});

it("every leaf with a formula is checked", () => {
  expect([...Object.keys(unary), "rem", "pow", "atan2"].toSorted()).toEqual(mathNames.toSorted());
});

it("the lanes left over on a vector level compute the same", () => {
  const x = evenly(-3, 3, 64);
  for (const level of ["relaxed", "simd"] as const)
    for (const name of ["exp", "pow", "rem"] as const) expect(mathRun(name, level, 1)(x, x)).toEqual(mathRun(name, level)(x, x));
});

it("a call of a function not asked for is refused", () => {
  const module = new ModuleBuilder();
  const math = new MathFunctions(module, "simd", ["exp"]);
  module.function("caller", { parameters: ["v128"], result: "v128" }, (f, x) => {
    f.get(x);
    expect(() => math.call(new Lanes(f, 4, "simd"), "log", [])).toThrow("log was not emitted");
  });
});
