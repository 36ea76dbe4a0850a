import { Engine } from "@gradus/compile";
import * as g from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

interface Case {
  readonly of: (x: g.Tensor) => g.Tensor;
  readonly want: (x: number) => number;
  /** Units in the last place, for normal results: devices may flush subnormal numbers. */
  readonly bound: number;
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

const unary: Readonly<Record<string, Case>> = {
  exp: {
    of: g.exp,
    want: Math.exp,
    bound: 1.7,
    ranges: [
      [-87, 88.7],
      [-1, 1],
    ],
  },
  expm1: {
    of: g.expm1,
    want: Math.expm1,
    bound: 2,
    ranges: [
      [-18, 88.7],
      [-1, 1],
    ],
  },
  log: {
    of: g.log,
    want: Math.log,
    bound: 1.5,
    ranges: [
      [0, 10],
      [0.5, 2],
      [1, 1e30],
    ],
  },
  log1p: {
    of: g.log1p,
    want: Math.log1p,
    bound: 2,
    ranges: [
      [-0.999, 4],
      [-0.1, 0.1],
      [1, 1e30],
    ],
  },
  sin: {
    of: g.sin,
    want: Math.sin,
    bound: 2.1,
    ranges: [
      [-7, 7],
      [-1e5, 1e5],
      [-3e38, 3e38],
    ],
  },
  cos: {
    of: g.cos,
    want: Math.cos,
    bound: 2.1,
    ranges: [
      [-7, 7],
      [-1e5, 1e5],
      [-3e38, 3e38],
    ],
  },
  tan: {
    of: g.tan,
    want: Math.tan,
    bound: 5,
    ranges: [
      [-7, 7],
      [-1e5, 1e5],
    ],
  },
  asin: { of: g.asin, want: Math.asin, bound: 3, ranges: [[-1, 1]] },
  acos: { of: g.acos, want: Math.acos, bound: 3, ranges: [[-1, 1]] },
  atan: {
    of: g.atan,
    want: Math.atan,
    bound: 3,
    ranges: [
      [-3, 3],
      [-50, 50],
    ],
  },
  sinh: {
    of: g.sinh,
    want: Math.sinh,
    bound: 4,
    ranges: [
      [-5, 5],
      [-89, 89],
    ],
  },
  cosh: {
    of: g.cosh,
    want: Math.cosh,
    bound: 3,
    ranges: [
      [-5, 5],
      [-89, 89],
    ],
  },
  tanh: {
    of: g.tanh,
    want: Math.tanh,
    bound: 7,
    ranges: [
      [-10, 10],
      [-1, 1],
    ],
  },
  asinh: {
    of: g.asinh,
    want: Math.asinh,
    bound: 3,
    ranges: [
      [-5, 5],
      [-1e20, 1e20],
    ],
  },
  acosh: {
    of: g.acosh,
    want: Math.acosh,
    bound: 4,
    ranges: [
      [1, 5],
      [1, 1e20],
    ],
  },
  atanh: { of: g.atanh, want: Math.atanh, bound: 4, ranges: [[-0.999, 0.999]] },
  erf: {
    of: g.erf,
    want: (x) => g.leafTable.erf.js(x, 0, 0),
    bound: 7,
    ranges: [
      [-4, 4],
      [-0.5, 0.5],
    ],
  },
  sqrt: {
    of: g.sqrt,
    want: Math.sqrt,
    bound: 1,
    ranges: [
      [0, 10],
      [0, 1e30],
    ],
  },
};

describe.skipIf(gpu === null)(`functions of WGSL modules${orMissing(found)}`, () => {
  let engine: Engine;
  let before: g.Runtime | null = null;
  beforeAll(async () => {
    engine = new Engine(await WebgpuBackend.create(gpu === null ? {} : { gpu }));
    before = g.useRuntime(engine);
  });
  afterAll(async () => {
    g.useRuntime(before);
    await engine.dispose();
  });

  test.each(Object.entries(unary))("%s", async (_, { of, want, bound, ranges }) => {
    for (const [low, high] of ranges) {
      const x = Float32Array.from({ length: 4001 }, (_, i) => low + (i * (high - low)) / 4000);
      const got = await of(g.fromHost([x.length], "float32", x)).data();
      expect(worst(x, got, want), `from ${low} to ${high}`).toMatchObject({ units: expect.toSatisfy((units: number) => units <= bound) });
    }
  });

  test("pow, over bases and exponents of every size", async () => {
    const bases = [0.001, 0.3, 0.9, 0.99999, 1.00001, 1.1, 1.5, 2, 2.5, 10, 123.4, 1e10];
    const exponents = [-20, -7.5, -1, -0.33, 0.1, 0.5, 1, 2, 3.3, 7, 20, 100];
    const pairs = bases.flatMap((a) => exponents.map((b) => [Math.fround(a), Math.fround(b)] as const));
    const a = Float32Array.from(pairs, ([base]) => base);
    const b = Float32Array.from(pairs, ([, exponent]) => exponent);
    const got = await g.pow(g.fromHost([a.length], "float32", a), g.fromHost([b.length], "float32", b)).data();
    const { units } = worst(
      Float32Array.from(pairs, (_, i) => i),
      got,
      (i) => Math.pow(a[i] ?? 0, b[i] ?? 0),
    );
    expect(units).toBeLessThanOrEqual(8);
  });

  test("the remainder is exact", async () => {
    const values = [0.1, 1, 3, 7.25, 1e-20, 123456.7, 16777216, 3e7, 1e20, 3e38].flatMap((x) => [x, -x]);
    const pairs = values.flatMap((a) => values.map((b) => [Math.fround(a), Math.fround(b)] as const));
    const got = await g
      .fmod(
        g.fromHost(
          [pairs.length],
          "float32",
          Float32Array.from(pairs, ([a]) => a),
        ),
        g.fromHost(
          [pairs.length],
          "float32",
          Float32Array.from(pairs, ([, b]) => b),
        ),
      )
      .data();
    // Subnormal results may be flushed.
    const different = pairs.flatMap(([a, b], i) => (Math.abs(a % b) < 2 ** -126 || got[i] === a % b ? [] : [[a, b, got[i]]]));
    expect(different).toEqual([]);
  });

  test("infinities, zeros and NaN are what IEEE 754 makes of them", async () => {
    const special = [0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3.4028234663852886e38, 2, -2.5, 0.5];
    // Devices may flush subnormal results.
    const kind = (value: number): string =>
      Number.isFinite(value) && Math.abs(value) >= 2 ** -126
        ? "finite"
        : Number.isFinite(value)
          ? Object.is(Math.sign(value), -0) || value < 0
            ? "-0"
            : "0"
          : String(value);
    const kinds = (values: ArrayLike<number>): string[] => Array.from(values, kind);
    const x = g.fromHost([special.length], "float32", Float32Array.from(special));
    for (const [name, { of, want }] of Object.entries(unary)) {
      expect(kinds(await of(x).data()), name).toEqual(kinds(Float32Array.from(special, want)));
    }
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    const [a, b] = [0, 1].map((side) =>
      g.fromHost(
        [pairs.length],
        "float32",
        Float32Array.from(pairs, (pair) => pair[side as 0 | 1]),
      ),
    );
    if (a === undefined || b === undefined) throw new RangeError("two sides");
    for (const [name, of, leaf] of [
      ["pow", g.pow, "pow"],
      ["atan2", g.atan2, "atan2"],
      ["fmod", g.fmod, "rem"],
      ["maximum", g.maximum, "max"],
      ["minimum", g.minimum, "min"],
    ] as const) {
      const got = kinds(await of(a, b).data());
      const want = kinds(Float32Array.from(pairs, ([p, q]) => g.evaluateLeaf(leaf, "float32", [p, q])));
      expect(pairs.map((pair, i) => `${name}(${pair.join()}) ${got[i]}`)).toEqual(
        pairs.map((pair, i) => `${name}(${pair.join()}) ${want[i]}`),
      );
    }
  });
});

/** The largest distance from the exact value in units of float32's last place, and where. */
function worst(
  x: ArrayLike<number>,
  got: ArrayLike<number>,
  want: (x: number) => number,
): { units: number; at: number; got: number; want: number } {
  let found = { units: 0, at: Number.NaN, got: Number.NaN, want: Number.NaN };
  for (let i = 0; i < x.length; i++) {
    const exact = want(x[i] ?? 0);
    const value = got[i] ?? Number.NaN;
    if (Math.abs(exact) < 2 ** -126 || (Math.fround(exact) === value && !Number.isFinite(value))) continue;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
    const units = Math.abs(value - exact) / unit;
    if (!(units <= found.units)) found = { units, at: x[i] ?? 0, got: value, want: exact };
  }
  return found;
}
