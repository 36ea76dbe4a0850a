import { Engine } from "@gradus/compile";
import { disagreement } from "@gradus/conformance";
import { ReferenceBackend } from "@gradus/reference";
import {
  add,
  argmax,
  argmin,
  cast,
  div,
  fromHost,
  greater,
  hostUniform,
  max,
  mean,
  mul,
  prod,
  softmax,
  sqrt,
  stream,
  sub,
  sum,
  type Tensor,
  useRuntime,
  where,
} from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import { featuresOf, orMissing, testGpu } from "../test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;
const hasSubgroups = gpu !== null && (await featuresOf(gpu)).subgroups;

function values(...shape: readonly number[]): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return fromHost(shape, "float32", Float32Array.from(hostUniform(stream(1, "x"), count, -1, 1)));
}

/** Reductions of every kind of kernel: many and few results, short and long, along memory and across it. */
const programs: Readonly<Record<string, () => Tensor>> = {
  "many short rows": () => sum(values(17_000, 65), { axis: 1 }),
  "few short rows": () => mean(values(100, 300), { axis: 1 }),
  "long rows": () => sum(values(7, 5001), { axis: 1 }),
  columns: () => max(values(300, 70), { axis: 0 }),
  "positions in rows": () => argmax(values(90, 211), { axis: 1 }),
  "softmax of rows": () => softmax(values(50, 1001)),
  everything: () => sum(values(300, 301)),
  "the position of the least of all": () => argmin(values(300, 301)),
  products: () => prod(add(values(40, 500), 1.5), { axis: 1 }),
  "largest of integers": () => max(cast(mul(values(40, 500), 1e6), "int32"), { axis: 1 }),
  "several reductions at once": () => normalised(values(30, 777)),
  "rows that hold no number": () => max(where(greater(values(30, 400), 0.99), Number.NaN, values(30, 400)), { axis: 1 }),
};

function normalised(x: Tensor): Tensor {
  const centred = sub(x, mean(x, { axis: 1, keepDims: true }));
  return div(centred, sqrt(mean(mul(centred, centred), { axis: 1, keepDims: true })));
}

describe.skipIf(gpu === null)(`reductions on WebGPU${orMissing(found)}`, () => {
  const reference = new Engine(new ReferenceBackend());

  afterAll(async () => {
    await reference.dispose();
  });

  async function on(runtime: Engine, program: () => Tensor): Promise<readonly number[]> {
    const before = useRuntime(runtime);
    try {
      return [...(await program().data())].map(Number);
    } finally {
      useRuntime(before);
    }
  }

  for (const [title, isLacking, features] of [
    ["without subgroups", false, { subgroups: false }],
    [`with subgroups${hasSubgroups ? "" : " (needs an adapter that has them)"}`, !hasSubgroups, {}],
  ] as const) {
    describe.skipIf(isLacking)(`merged ${title}`, () => {
      let engine: Engine;

      beforeAll(async () => {
        engine = new Engine(await WebgpuBackend.create({ features, ...(gpu === null ? {} : { gpu }) }));
      });

      afterAll(async () => {
        await engine.dispose();
      });

      test.each(Object.entries(programs))("%s", { timeout: 60_000 }, async (_name, program) => {
        const [found, expected] = [await on(engine, program), await on(reference, program)];
        expect(disagreement(found, expected, { relative: 1e-5, absolute: 0 })).toBeNull();
      });

      test("are the same bits each time", { timeout: 60_000 }, async () => {
        const program = (): Tensor => sum(values(300, 1001), { axis: 1 });
        const first = await on(engine, program);
        for (let run = 0; run < 5; run++) expect(await on(engine, program)).toEqual(first);
      });
    });
  }
});
