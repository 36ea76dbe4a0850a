import { Engine } from "@gradus/compile";
import {
  type ConvolutionSizes,
  convolutionCase,
  difference,
  matmulCase,
  type NamedArray,
  passes,
  type PerfCase,
  timeCase,
} from "@gradus/conformance/perf";
import { ReferenceBackend } from "@gradus/reference";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { tiles, tilesOfHalves } from "./kernels/contraction-candidates.ts";
import { tileName } from "./kernels/tile.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

const convolutions: readonly ConvolutionSizes[] = [
  { batch: 3, channels: 20, filters: 36, size: 11, kernel: 3, padding: 1 },
  { batch: 2, channels: 12, filters: 17, size: 19, kernel: 5, padding: 2, stride: 2 },
  { batch: 2, channels: 16, filters: 40, size: 17, kernel: 3, dilation: 2, stride: 3, padding: 1 },
  { batch: 2, channels: 24, filters: 48, size: 9, kernel: 3, padding: 1, groups: 2 },
  { batch: 2, channels: 32, filters: 64, size: 12, kernel: 1 },
  { batch: 2, channels: 33, filters: 35, size: 9, kernel: 1, stride: 2 },
  { batch: 3, channels: 70, filters: 70, size: 13, kernel: 3, padding: 1, groups: 70 },
  { batch: 3, channels: 10, filters: 20, size: 14, kernel: 5 },
];

const cases: readonly PerfCase[] = [
  matmulCase({ m: 257, k: 129, n: 65 }),
  matmulCase({ m: 256, k: 128, n: 192 }),
  matmulCase({ m: 132, k: 100, n: 76, transposeA: true }),
  matmulCase({ m: 132, k: 100, n: 76, transposeB: true }),
  matmulCase({ m: 67, k: 301, n: 71, transposeA: true, transposeB: true, batch: 3 }),
  matmulCase({ m: 9, k: 2050, n: 11 }),
  // Long enough to be cut into parts.
  matmulCase({ m: 40, k: 1100, n: 36 }),
  matmulCase({ m: 1, k: 700, n: 130, transposeB: true }),
  ...convolutions.flatMap((sizes) => passes.map((pass) => convolutionCase(pass, sizes))),
];

// What a software device compiled, hundreds of megabytes, goes with JavaScript objects that look small to the collector.
setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

afterEach(() => {
  if (typeof collect === "function") collect();
});

describe.skipIf(gpu === null)(`every candidate on WebGPU${orMissing(found)}`, () => {
  const tested = new Set<string>();
  const offered = new Set<string>();
  let names: readonly string[] = [];
  let wanted = "";

  async function outputsOf(one: PerfCase, engine: Engine): Promise<readonly NamedArray[]> {
    engine.clear();
    return (await timeCase(engine, one, 0)).outputs;
  }

  test.each(cases.map((one, number) => [one.name, one, number] as const))("%s", { timeout: 300_000 }, async (_name, one, number) => {
    const reference = new Engine(new ReferenceBackend());
    const backend = await WebgpuBackend.create({
      ...(gpu === null ? {} : { gpu }),
      choose(_step, candidates) {
        names = candidates.map(({ name }) => name);
        for (const name of names) offered.add(name);
        return candidates.find(({ name }) => name === wanted) ?? candidates[0];
      },
    });
    const engine = new Engine(backend);
    try {
      const expected = await outputsOf(one, reference);
      await outputsOf(one, engine);
      const exchanging = (name: string): boolean => name.includes("in subgroups") && !name.startsWith("shared");
      const tiled = names.filter(
        (name) => exchanging(name) || [...tiles, ...tilesOfHalves].some((tile) => name.startsWith(tileName(tile))),
      );
      const simple = names.filter((name) => !tiled.includes(name));
      // A software device takes seconds to compile each tile: there every case tries one, which no op has tried if there is any, or else not its own; and one in subgroups that its op has not tried.
      const [inSubgroups, inTiles] = [true, false].map((is) => tiled.filter((name) => exchanging(name) === is));
      const untested = (some: readonly string[] = []): readonly string[] => some.filter((name) => !tested.has(keyOf(one, name)));
      const next =
        untested(inTiles).find((name) => ![...tested].some((key) => key.endsWith(`: ${name}`))) ??
        untested(inTiles)[0] ??
        inTiles?.[number % inTiles.length];
      const tried = [next, untested(inSubgroups)[0]];
      const chosen = backend.software ? tiled.filter((name) => tried.includes(name)) : tiled;
      for (wanted of [...simple, ...chosen]) {
        const outputs = await outputsOf(one, engine);
        expect(difference(expected, outputs, 1e-5), `candidate "${wanted}"`).toBeNull();
        tested.add(keyOf(one, wanted));
      }
      expect(new Set(names).size).toBe(names.length);
    } finally {
      await engine.dispose();
      await reference.dispose();
    }
  });

  test("the cases try every tile, whole and in parts", () => {
    // A device of 16 KiB is offered half of them.
    const there = tiles.filter((tile) => offered.has(tileName(tile)));
    expect(there.length).toBeGreaterThanOrEqual(tiles.length / 2);
    for (const tile of there)
      expect(
        [...tested].some((key) => key.includes(`: ${tileName(tile)}`)),
        tileName(tile),
      ).toBe(true);
    expect([...tested].some((key) => key.endsWith("in parts"))).toBe(true);
    const inSubgroups = [...offered].filter((name) => name.includes("in subgroups"));
    for (const name of inSubgroups)
      expect(
        [...tested].filter((key) => key.endsWith(`: ${name}`)),
        name,
      ).not.toEqual([]);
  });
});

function keyOf({ steps: [step] }: PerfCase, candidate: string): string {
  return `${step?.op}: ${candidate}`;
}
