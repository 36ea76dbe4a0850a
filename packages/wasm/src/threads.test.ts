import type { Backend, Executable, Plan, RunTime } from "@gradus/compile";
import { buildPlan, Engine, readProgram } from "@gradus/compile";
import { BackendError, fromHost, matmul, mean, mul, scan, sub, sum, tanh, type Tensor } from "@gradus/tensor";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ModuleBuilder } from "./asm/index.ts";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { mostPages } from "./heap.ts";
import { startHostWorker, type StartWorker, type WorkerHandle } from "./pool.ts";
import { prepared } from "./prepared.test.harness.ts";
import { settled } from "./settled.ts";
import { lossAfter25, noise, TrainingStep } from "./training-step.test.harness.ts";
import type { WorkerMessage } from "./worker.ts";

const backends: WasmBackend[] = [];

/** A backend whose kernels are cut into many tiles, so that every thread gets some. */
function backendOf(options: WasmOptions): WasmBackend {
  const backend = new WasmBackend({ tileWork: 100, sharedWork: 0, ...options });
  backends.push(backend);
  return backend;
}

afterEach(() => {
  for (const backend of backends.splice(0)) backend.dispose();
});

interface Job {
  readonly executable: Executable;
  readonly inputs: readonly Float32Array[];
  readonly want: readonly (readonly number[])[];
}

const run = ({ executable, inputs }: Job): number[][] =>
  (executable.run(inputs, []) as readonly ArrayLike<number>[]).map((values) => Array.from(values));

/** Plans of one to several kernels, with what they give on one thread. */
function jobsOf(backend: Backend, count: number, alone: WasmBackend): Job[] {
  return Array.from({ length: count }, (_, i) => {
    const [rows, columns] = [3 + (i % 5), 40 + 37 * i];
    const x = fromHost([rows, columns], "float32", noise(rows * columns, i + 1));
    const graphs: Tensor[] = [
      tanh(mul(x, 0.5)),
      tanh(sum(mul(x, x), { axis: 0 })),
      matmul(tanh(x), x, { transposeB: true }),
      tanh(matmul(x, sum(x, { axis: 0 }))),
      recurrence(x, sum(x, { axis: 0 })),
    ];
    const program = readProgram([graphs[i % graphs.length] ?? x], []);
    const plan = buildPlan(program);
    const inputs = program.leaves.map(({ host }) => Float32Array.from(host ?? []));
    const job = { executable: prepared(alone, plan), inputs, want: [] };
    const want = run(job);
    return { executable: prepared(backend, plan), inputs, want };
  });
}

/** Rows that each wait for the one before, in steps of two kernels. */
function recurrence(x: Tensor, start: Tensor): Tensor {
  const step = (state: Tensor, row: Tensor): readonly [Tensor, Tensor] => {
    const next = tanh(sub(row, mean(state)));
    return [next, mul(next, state)];
  };
  return scan(step, tanh(start), x).ys;
}

/** A plan of some thirty kernels that read one to two of what was computed before, with few values alive at the end. */
function randomPlan(seed: number): Plan {
  let state = seed * 7919;
  const below = (limit: number): number => (state = (state * 48_271) % 0x7fff_ffff) % limit;
  const values: Tensor[] = [1, 2, 3].map((i) => fromHost([24, 24], "float32", noise(24 * 24, seed + i)));
  const any = (): Tensor => values[values.length - 1 - below(Math.min(values.length, 8))] ?? expect.unreachable();
  for (let i = 0; i < 30; i++) {
    const [a, b] = [any(), any()];
    const made = [
      () => tanh(matmul(a, b)),
      () => tanh(mul(a, sum(b, { axis: 0 }))),
      () => mul(a, tanh(sum(b, { axis: 1, keepDims: true }))),
      () => tanh(mul(a, b)),
      () => mul(tanh(sum(a)), b),
      () => recurrence(a, sum(b, { axis: 0 })),
    ];
    values.push((made[below(made.length)] ?? expect.unreachable())());
  }
  return buildPlan(readProgram(values.slice(-4), []));
}

test.each([1, 2])("a timed recurrence tells what its kernels took in all steps, on %i threads, and changes no result", async (threads) => {
  const heard: RunTime[] = [];
  const x = fromHost([50, 400], "float32", noise(50 * 400, 1));
  const program = readProgram([recurrence(x, sum(x, { axis: 0 }))], []);
  const plan = buildPlan(program);
  const inputs = program.leaves.map(({ host }) => Float32Array.from(host ?? []));
  const executable = await backendOf({ threads, sharedWork: 0 }).prepareTimed(plan, (run) => heard.push(run));
  const start = performance.now();
  const got = [await executable.run(inputs, []), await executable.run(inputs, [])];
  const wall = performance.now() - start;
  const want = await prepared(backendOf({ threads: 1 }), plan).run(inputs, []);
  expect(got).toEqual([want, want]);
  const ofScan = plan.steps.findIndex(({ kind }) => kind === "scan");
  for (const { kernels } of heard)
    expect(kernels.filter(({ step }) => step === ofScan).map(({ name }) => name)).toEqual(["div, in parts", "div", "tanh+mul"]);
  const told = heard.flatMap(({ kernels }) => kernels).reduce((total, { milliseconds }) => total + milliseconds, 0);
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThanOrEqual(wall);
});

test.each([1, 2])("a timed plan tells of every kernel of a run in order, on %i threads, and changes no result", async (threads) => {
  const heard: RunTime[] = [];
  const x = fromHost([37, 40], "float32", noise(37 * 40, 1));
  const program = readProgram([tanh(matmul(tanh(x), x, { transposeB: true }))], []);
  const plan = buildPlan(program);
  const inputs = program.leaves.map(({ host }) => Float32Array.from(host ?? []));
  const executable = await backendOf({ threads, sharedWork: 0 }).prepareTimed(plan, (run) => heard.push(run));
  const start = performance.now();
  const got = [await executable.run(inputs, []), await executable.run(inputs, [])];
  const end = performance.now();
  const want = await prepared(backendOf({ threads: 1 }), plan).run(inputs, []);
  expect(got).toEqual([want, want]);
  const [first, second] = heard;
  expect(heard).toHaveLength(2);
  expect(second?.kernels.map(({ name, pieces }) => [name, pieces])).toEqual(first?.kernels.map(({ name, pieces }) => [name, pieces]));
  expect([...new Set(first?.kernels.map(({ step }) => step))]).toEqual(plan.steps.map((_, step) => step));
  expect(first?.kernels.map(({ name }) => name).join()).toContain("matmul 37x37x40");
  let before = start;
  for (const { begun, clock, kernels } of heard) {
    expect(clock).toBe("host, kernel by kernel");
    expect(begun).toBeGreaterThanOrEqual(before);
    before = begun;
    for (const kernel of kernels) {
      expect(kernel.pieces).toBeGreaterThan(0);
      expect(kernel.start).toBeGreaterThanOrEqual(before);
      expect(kernel.milliseconds).toBeGreaterThanOrEqual(0);
      // One kernel begins as the one before it ends.
      before = kernel.start;
    }
  }
  expect(before).toBeLessThanOrEqual(end);
});

describe("results", () => {
  test("a training step gives the same bits on 1, 2 and 3 threads, and again", async () => {
    const results: number[][][] = [];
    for (const threads of [1, 2, 3, 2]) {
      const training = new TrainingStep();
      results.push(await training.train(new Engine(settled(backendOf({ threads, guard: true }))), 25));
      training.free();
    }
    expect(results[0]?.[0]?.at(-1)).toBeLessThan(results[0]?.[0]?.[0] ?? 0);
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  test.each(["relaxed", "simd", "scalar"] as const)("at level %s a training step ends with the loss every host has", async (level) => {
    const training = new TrainingStep();
    const [losses] = await training.train(new Engine(settled(backendOf({ threads: 2, level }))), 25);
    expect(Math.abs((losses?.at(-1) ?? 0) - lossAfter25)).toBeLessThan(4e-6);
    training.free();
  });

  test.each([
    [2, 6000],
    [3, 600],
  ])("on %i threads, %i runs of 24 plans in mixed order all give what one thread gives", { timeout: 300_000 }, async (threads, runs) => {
    const backend = backendOf({ threads });
    const jobs = jobsOf(backend, 24, backendOf({ threads: 1 }));
    await backend.ready();
    for (let i = 0; i < runs; i++) {
      const job = jobs[(i * 7 + ((i * i) >> 3)) % jobs.length];
      if (job === undefined) expect.unreachable();
      const [got] = run(job);
      const wrong = got?.findIndex((value, k) => !Object.is(value, job.want[0]?.[k]));
      expect(wrong, `where run ${i} differs`).toBe(-1);
      // Lets workers fall asleep now and then, and messages in.
      if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
  });

  test.each([2, 3, 4])(
    "on %i threads, 40 random plans whose launches run side by side and reuse memory give what one thread gives",
    { timeout: 300_000 },
    async (threads) => {
      const backend = backendOf({ threads });
      const alone = backendOf({ threads: 1 });
      const jobs = Array.from({ length: 40 }, (_, i) => {
        const plan = randomPlan(i + 1);
        const inputs = plan.inputs.map((_, k) => Float32Array.from(noise(24 * 24, i + k + 1)));
        const want = run({ executable: prepared(alone, plan), inputs, want: [] });
        return { executable: prepared(backend, plan), inputs, want };
      });
      await backend.ready();
      for (let round = 0; round < 30; round++) for (const job of jobs) expect(run(job)).toEqual(job.want);
    },
  );

  test("plans come and go while workers are at work, and no memory is touched after it is given back", { timeout: 120_000 }, async () => {
    const backend = backendOf({ threads: 2, guard: true });
    const alone = backendOf({ threads: 1 });
    const before = backend.memory().bytes;
    const kept = jobsOf(backend, 4, alone);
    for (let round = 0; round < 60; round++) {
      const jobs = jobsOf(backend, 4, alone);
      if (round % 3 === 0) await backend.ready();
      for (const job of [...jobs, ...kept]) expect(run(job)).toEqual(job.want);
      for (const { executable } of jobs) executable.free();
      const cell = backend.allocate({ shape: [64], dtype: "float32" }, "cell");
      cell.write(new Float32Array(64).fill(7));
      for (const job of kept) expect(run(job)).toEqual(job.want);
      expect(cell.read()).toEqual(new Float32Array(64).fill(7));
      cell.free();
    }
    for (const { executable } of kept) executable.free();
    expect(backend.memory().bytes).toBe(before);
  });
});

/** Host workers whose messages pass through `change`. */
function workersWith(change: (message: WorkerMessage, thread: number) => WorkerMessage | null): StartWorker {
  return async (start, onFailure) => {
    const worker = await startHostWorker(start, onFailure);
    return {
      post: (message) => {
        const changed = change(message, start.thread);
        if (changed !== null) worker.post(changed);
      },
      stop: () => worker.stop(),
    };
  };
}

describe("workers that are late or fail", () => {
  test("a plan the workers have not received runs on the main thread alone", async () => {
    const held: (() => void)[] = [];
    const backend = backendOf({
      threads: 2,
      startWorker: async (start, onFailure) => {
        const worker = await startHostWorker(start, onFailure);
        return { post: (message) => void held.push(() => worker.post(message)), stop: () => worker.stop() };
      },
    });
    const jobs = jobsOf(backend, 6, backendOf({ threads: 1 }));
    for (const job of jobs) expect(run(job)).toEqual(job.want);
    while (held.length < 6) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const job of jobs) expect(run(job)).toEqual(job.want);
    for (const post of held.slice(0, 3)) post();
    for (const job of jobs) expect(run(job)).toEqual(job.want);
    for (const post of held.slice(3)) post();
    await backend.ready();
    for (const job of jobs) expect(run(job)).toEqual(job.want);
  });

  test("workers that never start are never waited for", () => {
    const backend = backendOf({ threads: 3, startWorker: () => new Promise<WorkerHandle>(() => undefined) });
    for (const job of jobsOf(backend, 4, backendOf({ threads: 1 }))) expect(run(job)).toEqual(job.want);
  });

  test.each(["rejects", "throws"])("a start that %s leaves one thread that works", async (way) => {
    const failure = new Error("no more threads");
    const startWorker: StartWorker =
      way === "rejects"
        ? () => Promise.reject(failure)
        : () => {
            throw failure;
          };
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const backend = backendOf({ threads: 2, startWorker });
    await backend.ready();
    for (const job of jobsOf(backend, 4, backendOf({ threads: 1 }))) expect(run(job)).toEqual(job.want);
    expect(warn.mock.calls).toEqual([
      ["gradus: a worker thread does not start, or died (no more threads); computing on one thread from now on."],
    ]);
    warn.mockRestore();
  });

  test.each([2, 3])(
    "a worker that traps, of %i threads, loses that step with a BackendError, and the next ones run on one thread",
    async (threads) => {
      const trapping = trappingModule();
      const backend = backendOf({
        threads,
        startWorker: workersWith((message, thread) =>
          message.kind === "module" && thread === 1 ? { ...message, module: trapping } : message,
        ),
      });
      const jobs = jobsOf(backend, 5, backendOf({ threads: 1 }));
      await backend.ready();
      const [first] = jobs;
      if (first === undefined) expect.unreachable();
      expect(() => run(first)).toThrow(BackendError);
      for (let round = 0; round < 50; round++) for (const job of jobs) expect(run(job)).toEqual(job.want);
    },
  );

  test("a module that a worker cannot instantiate is found out without a hang", async () => {
    const empty = new WebAssembly.Module(new ModuleBuilder().build());
    const foreign = new WebAssembly.Module(importing());
    for (const module of [empty, foreign]) {
      const backend = backendOf({
        threads: 2,
        startWorker: workersWith((message) => (message.kind === "module" ? { ...message, module } : message)),
      });
      const [job] = jobsOf(backend, 1, backendOf({ threads: 1 }));
      if (job === undefined) expect.unreachable();
      await backend.ready();
      if (module === empty) expect(() => run(job)).toThrow(BackendError);
      expect(run(job)).toEqual(job.want);
    }
  });

  test("a backend that was disposed of still runs, on one thread", async () => {
    const backend = backendOf({ threads: 2 });
    const [job] = jobsOf(backend, 1, backendOf({ threads: 1 }));
    if (job === undefined) expect.unreachable();
    await backend.ready();
    backend.dispose();
    expect(run(job)).toEqual(job.want);
  });
});

/** A module like a plan's, whose run traps at once. */
function trappingModule(): WebAssembly.Module {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 0, maximum: mostPages + 1, shared: true });
  module.function("run", { parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], export: "run" }, (f) => f.unreachable());
  return new WebAssembly.Module(module.build());
}

/** A module that asks for a memory other than the workers have. */
function importing(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 0, maximum: 1, shared: true });
  return module.build();
}

test.each([0, -1, 1.5, 65, Number.NaN])("%d threads are refused", (threads) => {
  expect(() => new WasmBackend({ threads })).toThrow(`threads must be a whole number from 1 to 64, not ${threads}`);
});
