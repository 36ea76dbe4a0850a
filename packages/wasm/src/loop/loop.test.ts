import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wasmFeatures } from "../features.ts";
import { type Choices, drawStep } from "./draw-step.test.harness.ts";
import { bytesOf, type LoopStep, type PlanBuffer, printScalar } from "@gradus/compile";
import { addIndex, axisIndex, divIndex, type HostData, numbersOf, ScalarBuilder, scaleIndex, type Shape, sizeOf } from "@gradus/tensor";
import { referenceStep, runStep, type StepCase } from "./run-step.test.harness.ts";

const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || wasmFeatures().relaxedSimd);
const cases = Math.min(20_000, Math.max(100, Math.floor(Number(process.env["GRADUS_FUZZ_CASES"] ?? 6000) / 6)));

/** The same steps are emitted, with other rows to a tile. */
const casesInBlocks = Math.ceil(cases / 4);

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
        expect(differences(drawn, runStep(drawn, { level, last, tileWork })), printStep(drawn)).toEqual([]);
      }),
      { numRuns: cases, seed: 20_261_120 },
    );
  });

  test(`and so do ${casesInBlocks} cut into blocks of rows`, { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 9 }), (seed, last) => {
        const choices = choicesOf(seed);
        const drawn = drawStep(choices);
        const counts = rowCountsOf(drawn.step.extents);
        const rows = counts[choices.below(counts.length)];
        if (rows === undefined || sizeOf(drawn.step.extents) === 0) return;
        expect(
          differences(drawn, runStep(drawn, { level, last, blocks: { rows, perTile: 1 + choices.below(rows) } })),
          printStep(drawn),
        ).toEqual([]);
      }),
      { numRuns: casesInBlocks, seed: 20_261_121 },
    );
  });
});

describe.each(levels)("rows of one value, in blocks that begin anywhere, at level %s", (level) => {
  const s = new ScalarBuilder();
  const pairs = divIndex(axisIndex(0, 32), 2);
  const buffers = [[16 * 20], [32]].map((shape): PlanBuffer => {
    const aval = { shape, dtype: "float32" } as const;
    return { ...aval, bytes: bytesOf(aval), label: "", place: { kind: "arena", offset: 0 } };
  });
  const inputs = [Float32Array.from({ length: 16 * 20 }, (_, i) => i % 97)];
  const common = { kind: "loop", label: "pairs", extents: [32], reads: [0] } as const;
  const at = addIndex(pairs, scaleIndex(axisIndex(1, 20), 16));
  test.each<[string, LoopStep]>([
    ["elements", { ...common, reduce: [], terms: [], writes: [{ buffer: 1, value: s.load(0, "float32", pairs) }] }],
    [
      "sums of columns",
      {
        ...common,
        reduce: [20],
        terms: [{ combine: "sum", value: s.load(0, "float32", at) }],
        writes: [{ buffer: 1, value: s.accumulator(0, "float32") }],
      },
    ],
  ])("%s", (_, step) => {
    for (const perTile of [1, 5, 7, 8, 32]) {
      const drawn = { step, buffers, inputs };
      expect(differences(drawn, runStep(drawn, { level, last: 0, blocks: { rows: 32, perTile } })), printStep(drawn)).toEqual([]);
    }
  });
});

/** Where results differ from float64's; nowhere, if all is well. */
function differences(drawn: StepCase, got: readonly HostData[]): string[] {
  const want = referenceStep(drawn);
  return got.flatMap((values, i) => firstDifference(values, want[i] ?? new Float32Array()) ?? []);
}

/** All numbers of rows that leading axes, and with them a divisor of the next, make. */
function rowCountsOf(extents: Shape): number[] {
  return extents.flatMap((extent, axis) =>
    Array.from({ length: extent }, (_, i) => i + 1).flatMap((count) =>
      extent % count === 0 ? [count * sizeOf(extents.slice(0, axis))] : [],
    ),
  );
}

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
