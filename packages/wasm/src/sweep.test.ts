import { buildPlan, type Plan, readProgram, usualSweeping } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import {
  add,
  exp,
  expand,
  fromHost,
  gradients,
  type HostData,
  logSoftmax,
  mean,
  mul,
  neg,
  reshape,
  rsqrt,
  type Shape,
  sizeOf,
  slice,
  softmax,
  sub,
  sum,
  tanh,
  type Tensor,
} from "@gradus/tensor";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend } from "./backend.ts";
import { wasmFeatures } from "./features.ts";
import { loopKernels } from "./loop/kernel.ts";
import type { Placed } from "./phases.ts";
import { phasesInSweeps, sweptKernels } from "./sweep.ts";
import { noise } from "./training-step.test.harness.ts";

const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || wasmFeatures().relaxedSimd);
const backends: WasmBackend[] = [];
const along = { axis: -1, keepDims: true } as const;

afterEach(() => {
  for (const backend of backends.splice(0)) backend.dispose();
});

/** Functions whose steps are swept, of tensors of two axes or more. */
const functions: Readonly<Record<string, (x: Tensor, y: Tensor) => readonly Tensor[]>> = {
  softmax: (x) => [softmax(x)],
  "log softmax and its gradient": (x, y) => [logSoftmax(x), ...gradients(sum(mul(logSoftmax(x), y)), [x])],
  "softmax and its gradient": (x, y) => [softmax(x), ...gradients(sum(mul(softmax(x), y)), [x, y])],
  "softmax along the last axis but one": (x) => [softmax(reshape(x, [...x.shape.slice(0, -1), 2, -1]), { axis: -2 })],
  "norm, what it adds up along the rows in the way": (x, y) => {
    const centred = sub(x, mean(x, along));
    const normal = mul(centred, rsqrt(add(mean(mul(centred, centred), along), 0.1)));
    return [normal, sum(mul(normal, y), { axis: 0 }), sub(y, mul(normal, mean(mul(normal, y), along)))];
  },
  "largest and costly numbers by row": (x, y) => {
    const e = exp(neg(mul(x, x)));
    const scale = tanh(sum(mul(e, y), along));
    return [mul(e, scale), exp(neg(scale)), add(mul(e, exp(scale)), y)];
  },
  "rows of half as many values": (x) => {
    const halves = reshape(x, [...x.shape.slice(0, -1), 2, -1]);
    return [mul(softmax(halves), sum(halves, along))];
  },
  "numbers of two axes, one of which another number has": (x, y) => {
    const halves = reshape(x, [x.shape[0] ?? 1, -1, 2, (x.shape.at(-1) ?? 2) / 2]);
    const others = slice(reshape(y, [x.shape[0] ?? 1, -1]), [null, { end: 1 }]);
    const scale = exp(neg(mul(tanh(sum(halves, along)), reshape(others, [-1, 1, 1, 1]))));
    return [scale, mul(halves, scale)];
  },
  "numbers by row and one for each two of them": (x, y) => {
    const rows = x.size / (x.shape.at(-1) ?? 1);
    const flat = reshape(x, [rows, -1]);
    const pairs = slice(reshape(y, [-1]), [{ end: Math.ceil(rows / 2) }]);
    const twice = slice(reshape(expand(reshape(pairs, [-1, 1]), [pairs.size, 2]), [-1, 1]), [{ end: rows }]);
    const scale = exp(neg(add(tanh(sum(flat, along)), twice)));
    return [scale, mul(flat, scale)];
  },
};

const shapes: readonly Shape[] = [
  [5, 4],
  [13, 64],
  [7, 130],
  [33, 6],
  [3, 9, 22],
  [4, 2, 6, 10],
  [263, 34],
];

interface Job {
  readonly plan: Plan;
  readonly inputs: readonly Float32Array[];
  readonly want: readonly HostData[];
}

/** Every function of every shape, with what float64 gives. */
const jobs: readonly (readonly [name: string, job: () => Promise<Job>])[] = Object.entries(functions).flatMap(([name, f]) =>
  shapes.map((shape) => [
    `${name} of ${shape.join("x")}`,
    async () => {
      const [x, y] = [1, 2].map((seed) => fromHost(shape, "float32", noise(sizeOf(shape), seed)));
      const program = readProgram(f(mul(x ?? expect.unreachable(), 3), tanh(y ?? expect.unreachable())), []);
      const sweeping = { ...usualSweeping, leastBytes: 0 };
      const plan = buildPlan(program, { alignment: 64, rowAlignment: 1, sideBySide: false, takesHalves: false, sweeping });
      const inputs = program.leaves.map(({ host }) => Float32Array.from(host ?? []));
      return { plan, inputs, want: await new ReferenceBackend().prepare(plan).run(inputs, []) };
    },
  ]),
);

/** The largest error, relative where values are large. */
function worst(got: readonly HostData[], want: readonly HostData[]): number {
  return Math.max(
    0,
    ...want.flatMap((values, i) => Array.from(values, (value, k) => Math.abs((got[i]?.[k] ?? Number.NaN) - value) / (1 + Math.abs(value)))),
  );
}

const threadsAndWork = [1, 2].flatMap((threads) => [1, 4000, 60_000].map((tileWork) => ({ threads, tileWork })));

describe.each(levels)("at level %s", (level) => {
  test.each(threadsAndWork)("sweeps give what float64 gives, on $threads threads, by $tileWork", async (options) => {
    const made = (guard: boolean): WasmBackend => {
      const backend = new WasmBackend({ level, sharedWork: 0, guard, ...options });
      backends.push(backend);
      return backend;
    };
    for (const backend of [made(false), made(true)]) {
      for (const [name, job] of jobs) {
        const { plan, inputs, want } = await job();
        const executable = await backend.prepare(plan);
        await backend.ready();
        for (let repeat = 0; repeat < 3; repeat++) expect(worst(await executable.run(inputs, []), want), name).toBeLessThan(2e-5);
        executable.free();
      }
    }
  });
});

test("every step of a sweep has as many tiles as the others, of the same rows", async () => {
  for (const [name, job] of jobs) {
    const { plan } = await job();
    expect(plan.sweeps.length, name).toBeGreaterThan(0);
    for (const tileWork of [1, 60_000]) {
      const kernels = sweptKernels(plan, { buffers: plan.buffers, tileWork, math: () => expect.unreachable() });
      for (const [number, { first, count, rows }] of plan.sweeps.entries()) {
        // In so small pieces some reductions are cut too, and are not swept.
        if (tileWork === 1 && !kernels.has(first)) continue;
        const tiles = Array.from({ length: count }, (_, i) => kernels.get(first + i)).map((each) => [each?.sweep, each?.kernel.tiles]);
        expect(new Set(tiles.map(String)).size, name).toBe(1);
        expect(tiles[0]?.[0], name).toBe(number);
        if (tileWork === 1) expect(tiles[0]?.[1], name).toBe(rows);
        else expect(tiles[0]?.[1], name).toBeLessThan(rows);
      }
    }
  }
});

test("results do not depend on how many threads there are", async () => {
  const of = (threads: number): WasmBackend => {
    const backend = new WasmBackend({ threads, sharedWork: 0, tileWork: 4000 });
    backends.push(backend);
    return backend;
  };
  const [one, two] = [of(1), of(2)];
  for (const [name, job] of jobs) {
    const { plan, inputs } = await job();
    const [first, second] = [await one.prepare(plan), await two.prepare(plan)];
    await two.ready();
    expect(await second.run(inputs, []), name).toEqual(await first.run(inputs, []));
    const timed = await one.prepareTimed(plan, () => undefined);
    expect(await timed.run(inputs, []), name).toEqual(await first.run(inputs, []));
    for (const executable of [first, second, timed]) executable.free();
  }
});

test("blocks of other rows are other code", async () => {
  const { plan } = (await jobs[0]?.[1]()) ?? expect.unreachable();
  const context = { buffers: plan.buffers, tileWork: 60_000, math: () => expect.unreachable() };
  const step = plan.steps.find((each) => each.kind === "loop") ?? expect.unreachable();
  const kernels = [null, { rows: 5, perTile: 1 }, { rows: 5, perTile: 2 }].flatMap((blocks) => loopKernels(step, context, blocks));
  expect(new Set(kernels.map(({ key }) => key)).size).toBe(3);
});

test("a reduction that is computed in parts is not swept", () => {
  const x = fromHost([2, 70_000], "float32", noise(140_000, 1));
  const sweeping = { rowBytes: 1 << 24, leastBytes: 0 };
  const plan = buildPlan(readProgram([softmax(x)], []), {
    alignment: 64,
    rowAlignment: 1,
    sideBySide: false,
    takesHalves: false,
    sweeping,
  });
  expect(plan.sweeps).toHaveLength(1);
  expect(sweptKernels(plan, { buffers: plan.buffers, tileWork: 60_000, math: () => expect.unreachable() }).size).toBe(0);
});

test("launches of one sweep are one unit, which waits for what any of them waits for", () => {
  const launch = (sweep: number | null, reads: number, writes: number): Placed & { sweep: number | null } => ({
    sweep,
    tiles: 4,
    work: 1e6,
    spans: [
      { space: "arena", start: reads, bytes: 64, written: false },
      { space: "arena", start: writes, bytes: 64, written: true },
    ],
  });
  const launches = [
    launch(null, 0, 64),
    launch(0, 0, 128),
    launch(0, 64, 192),
    launch(1, 0, 256),
    launch(1, 256, 320),
    launch(null, 320, 384),
  ];
  expect(phasesInSweeps(launches)).toEqual([
    [[3, 4], [0]],
    [[1, 2], [5]],
  ]);
});
