import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wasmFeatures } from "../features.ts";
import { type Choices, drawStep } from "./draw-step.test.harness.ts";
import { printScalar } from "@gradus/compile";
import { type HostData, numbersOf } from "@gradus/tensor";
import { referenceStep, runStep, type StepCase } from "./run-step.test.harness.ts";

const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || wasmFeatures().relaxedSimd);
const cases = Math.min(20_000, Math.max(100, Math.floor(Number(process.env["GRADUS_FUZZ_CASES"] ?? 6000) / 6)));

/** Choices from a seed (mulberry32). */
function choicesOf(seed: number): Choices {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (n) => Math.floor(next() * n) };
}

describe.each(levels)("loop steps at level %s", (level) => {
  test(`${cases} drawn steps give what float64 gives, and touch nothing but their own buffers`, { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 9 }), fc.constantFrom(1, 500, 60_000), (seed, last, tileWork) => {
        const drawn = drawStep(choicesOf(seed));
        const got = runStep(drawn, { level, last, tileWork });
        const want = referenceStep(drawn);
        expect(
          got.map((values, i) => firstDifference(values, want[i] ?? new Float32Array())),
          printStep(drawn),
        ).toEqual(got.map(() => null));
      }),
      { numRuns: cases, seed: 20_261_120 },
    );
  });
});

/** Where two results differ; zeros of both signs are equal, because which one a reordered sum gives is not promised. */
function firstDifference(values: HostData, wanted: HostData): string | null {
  const [got, want] = [values, wanted].map((data) => (data instanceof Uint16Array ? numbersOf("float16", data) : data));
  if (got === undefined || want === undefined) return "a result is missing";
  for (let i = 0; i < Math.max(got.length, want.length); i++) {
    const [a, b] = [got[i], want[i]];
    if (a !== b && !Object.is(a, b)) return `element ${i} is ${a} and should be ${b}`;
  }
  return null;
}

function printStep({ step: { extents, reduce, terms, writes }, buffers }: StepCase): string {
  const parts = [
    ...terms.map(({ combine, value }) => `${combine} ${printScalar(value)}`),
    ...writes.map(({ buffer, value }) => `${buffers[buffer]?.dtype} = ${printScalar(value)}`),
  ];
  return `[${extents.join()}] over [${reduce.join()}]\n${parts.join("\n")}\n`;
}
