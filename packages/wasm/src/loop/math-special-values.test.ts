import { leafTable } from "@gradus/tensor";
import { describe, expect, it } from "vitest";
import { levels } from "../kernels/run-kernels.test.harness.ts";
import { mathNames, type MathName } from "./math.ts";
import { mathRun } from "./math.test.harness.ts";

const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
const least = 2 ** -149;
const most = Math.fround(3.4028234663852886e38);

const values = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -3,
  7,
  -7.5,
  least,
  -least,
  2 ** -126,
  most,
  -most,
  16777216,
  -16777217,
  infinity,
  -infinity,
  nan,
];

/** Every special value at every level against the leaf's meaning, where float32 has one answer: exact, infinite or NaN. */
function expectAsLeaf(name: MathName, level: (typeof levels)[number], pairs: readonly (readonly [number, number])[]): void {
  const results = mathRun(name, level)(
    Float32Array.from(pairs, ([a]) => a),
    Float32Array.from(pairs, ([, b]) => b),
  );
  pairs.forEach(([a, b], i) => {
    const exact = leafTable[name].js(Math.fround(a), Math.fround(b), 0);
    const single = Math.fround(exact);
    const label = `${name}(${a}, ${b})`;
    if (Number.isNaN(single) || !Number.isFinite(single) || single === 0) expect(results[i], label).toBe(single);
    else expect(Math.abs((results[i] ?? nan) - exact) / Math.abs(exact), label).toBeLessThan(Math.max(1e-6, least / Math.abs(exact)));
  });
}

describe.each(levels)("special values on %s", (level) => {
  const large = new Set<string>(["sin", "cos", "tan"]);
  it.each(mathNames)("%s", (name) => {
    const arity = leafTable[name].arity;
    // Past 1e5 the circular functions are bounded, not precise.
    const used = values.filter((value) => !(large.has(name) && Number.isFinite(value) && Math.abs(value) > 1e5));
    const pairs = arity === 1 ? used.map((value) => [value, value] as const) : used.flatMap((a) => used.map((b) => [a, b] as const));
    const padded = [...pairs, ...Array.from({ length: (4 - (pairs.length % 4)) % 4 }, () => [1, 1] as const)];
    expectAsLeaf(name, level, padded);
    // Lane by lane too: one special value must not change its neighbours, nor they it.
    for (const pair of padded.slice(0, 80)) expectAsLeaf(name, level, [[0.75, 0.75], pair, [0.25, 0.75], [0.5, 2]]);
  });

  it("exact results", () => {
    const of = (name: MathName, a: number, b = 0): number | undefined =>
      mathRun(name, level)(Float32Array.of(a, 1, 1, 1), Float32Array.of(b, 1, 1, 1))[0];
    expect(of("exp", 0)).toBe(1);
    expect(of("exp", 89)).toBe(infinity);
    expect(of("exp", -104)).toBe(0);
    expect(of("exp", -103)).toBe(least);
    expect(of("cos", 0)).toBe(1);
    expect(of("cosh", 0)).toBe(1);
    expect(of("log", 1)).toBe(0);
    expect(of("acos", 1)).toBe(0);
    expect(of("pow", 0, 0)).toBe(1);
    expect(of("pow", 2, 10)).toBe(1024);
    expect(of("pow", 10, 3)).toBe(1000);
    expect(of("pow", -2, 3)).toBe(-8);
    expect(of("pow", -8, 1 / 3)).toBeNaN();
    expect(of("pow", nan, 0)).toBe(1);
    expect(of("pow", 1, nan)).toBe(1);
    expect(of("tanh", infinity)).toBe(1);
    expect(of("tanh", -infinity)).toBe(-1);
    expect(of("rem", -4, 2)).toBe(-0);
    expect(of("rem", 5, -infinity)).toBe(5);
  });
});
