import { matmulCase } from "@gradus/conformance/perf";
import { expect, test } from "vitest";
import { answering } from "../src/libraries/answering.ts";
import type { Answer, Request } from "../src/protocol.ts";

/** Answers with a library whose calls do nothing but count, on a clock too coarse for `shortestTiming` milliseconds. */
function counting(shortestTiming: number): { answer: (request: Request) => Promise<Answer>; calls: () => number } {
  let calls = 0;
  const prepared = { run: () => void calls++, outputs: async () => [], release: () => {} };
  const surroundings = {
    readArrays: () => [],
    writeArrays: () => [],
    memory: { begin: () => {}, bytes: () => null },
    shortestTiming,
  };
  return { answer: answering({ version: "0", prepare: () => prepared }, surroundings), calls: () => calls };
}

const prepare: Request = { kind: "prepare", benchCase: matmulCase({ m: 1, k: 1, n: 1 }), inputs: [], folder: "" };

async function times(answer: (request: Request) => Promise<Answer>, milliseconds: number): Promise<readonly number[]> {
  const answered = await answer({ kind: "time", milliseconds });
  if (answered.kind !== "times") throw new Error(answered.kind);
  return answered.milliseconds;
}

test("with a fine clock every call is timed, one at least", async () => {
  const { answer, calls } = counting(0);
  await answer(prepare);
  expect(await times(answer, 0)).toHaveLength(1);
  expect(await times(answer, 1)).toHaveLength(calls() - 2);
});

test("with a coarse clock calls are timed together until it can tell, and their mean is one timing", async () => {
  const { answer, calls } = counting(5);
  await answer(prepare);
  const [mean = 0, ...others] = await times(answer, 0);
  expect(others).toEqual([]);
  expect(calls()).toBeGreaterThan(2);
  expect(mean * (calls() - 1)).toBeGreaterThanOrEqual(5);
});

test("nothing is timed before it is prepared, or after it was released", async () => {
  const { answer } = counting(0);
  const refusal = { kind: "failed", why: "nothing is prepared" };
  expect(await answer({ kind: "time", milliseconds: 1 })).toEqual(refusal);
  await answer(prepare);
  expect(await answer({ kind: "release" })).toEqual({ kind: "released", peakBytes: null });
  expect(await answer({ kind: "time", milliseconds: 1 })).toEqual(refusal);
});
