import { Engine, type Plan } from "@gradus/compile";
import { checkLeaks } from "@gradus/conformance";
import {
  add,
  axisIndex,
  BackendError,
  fromHost,
  matmul,
  MemoryError,
  mul,
  scaleIndex,
  ScalarBuilder,
  State,
  sum,
  useRuntime,
} from "@gradus/tensor";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { wasmFeatures } from "./features.ts";
import { prepared } from "./prepared.test.harness.ts";
import { noise, TrainingStep } from "./training-step.test.harness.ts";

const backends: WasmBackend[] = [];

function backendOf(options: WasmOptions = {}): WasmBackend {
  const backend = new WasmBackend({ threads: 1, ...options });
  backends.push(backend);
  return backend;
}

afterEach(() => {
  for (const backend of backends.splice(0)) backend.dispose();
});

describe("running out of memory", () => {
  const ones = (n: number) => fromHost([n, n], "float32", new Float32Array(n * n).fill(1));

  test("is an error that names the plan and its largest tensor, and smaller work runs afterwards", async () => {
    const backend = backendOf({ mostBytes: 4 << 20 });
    const engine = new Engine(backend);
    const large = matmul(add(ones(1000), 1), ones(1000));
    const failure: unknown = await engine.evaluate([large]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MemoryError);
    const { message, facts } = failure as MemoryError;
    expect(message).toMatch(/^wasm: no room for the arena of plan [0-9a-f]{8}: \d+ bytes more than the \d+ held/);
    expect(facts["largest tensor"]).toMatch(/float32\[1000, 1000\] \(4000000 bytes\)$/);
    expect(facts["limit"]).toBe(4 << 20);
    const small = matmul(add(ones(100), 1), ones(100));
    await engine.evaluate([small]);
    expect(small.host?.[0]).toBe(200);
  });

  test("for a state cell names the cell", async () => {
    const engine = new Engine(backendOf({ mostBytes: 1 << 20 }));
    const weight = new State({ shape: [600, 600], dtype: "float32" }, "layers.0.weight");
    await expect(engine.evaluate([sum(weight)])).rejects.toThrow("no room for layers.0.weight float32[600, 600]");
    const other = new State({ shape: [6], dtype: "float32" }, "layers.1.bias");
    const total = sum(other);
    await engine.evaluate([total]);
    expect(total.host?.[0]).toBe(0);
    other.free();
  });

  test("loses the step's updates and no later one", async () => {
    const engine = new Engine(backendOf({ mostBytes: 2 << 20 }));
    const count = new State({ shape: [], dtype: "float32" }, "count");
    const cells = [count];
    const before = useRuntime(engine);
    try {
      count.assign(add(count, sum(matmul(ones(700), ones(700)))));
      await expect(count.data()).rejects.toThrow(MemoryError);
      count.assign(add(count, 1));
      expect(await count.item()).toBe(1);
    } finally {
      useRuntime(before);
      for (const cell of cells) cell.free();
    }
  });
});

describe("memory held", () => {
  test("is what it was once plans, cells and training are gone", async () => {
    const backend = backendOf({ guard: true });
    const engine = new Engine(backend);
    const done = checkLeaks(engine);
    const training = new TrainingStep();
    await training.train(engine, 2);
    expect(done).toThrow("leaked");
    training.free();
    done();
  });

  test("a freed cell's bytes come back once", () => {
    const backend = backendOf();
    const { bytes } = backend.memory();
    const cell = backend.allocate({ shape: [1000], dtype: "float32" }, "cell");
    expect(backend.memory().bytes).toBe(bytes + 4032);
    cell.free();
    cell.free();
    expect(backend.memory()).toEqual({ bytes, peakBytes: bytes + 4032 });
  });
});

describe("canaries", () => {
  /** x doubled into y, with the write shifted by `shift` rows of its buffer: a kernel with a wrong extent. */
  function brokenPlan(extent: number, claimed: number): Plan {
    const s = new ScalarBuilder();
    const buffer = (label: string, length: number, offset: number) =>
      ({ shape: [length], dtype: "float32", bytes: 4 * length, place: { kind: "arena", offset }, label }) as const;
    return {
      name: "broken",
      buffers: [buffer("x", extent, 0), buffer("y", claimed, 4096)],
      waves: [0],
      sweeps: [],
      steps: [
        {
          kind: "loop",
          label: "double",
          extents: [extent],
          reduce: [],
          terms: [],
          reads: [0],
          writes: [{ buffer: 1, value: s.call("add", s.load(0, "float32", axisIndex(0, extent)), s.constant("float32", 1)) }],
        },
      ],
      inputs: [0],
      outputs: [1],
      bound: [],
      arenaBytes: 8192,
    };
  }

  test.each(["relaxed", "simd", "scalar"] as const)("a kernel that writes beyond its buffer is caught, at level %s", (level) => {
    if (level === "relaxed" && !wasmFeatures().relaxedSimd) return;
    const guarded = backendOf({ guard: true, level });
    expect(() => prepared(guarded, brokenPlan(20, 19)).run([noise(20, 1)], [])).toThrow(
      "a kernel wrote 0 bytes after the buffer y of plan broken",
    );
    expect(() => prepared(guarded, brokenPlan(20, 20)).run([noise(20, 1)], [])).not.toThrow();
    expect(() => prepared(backendOf({ level }), brokenPlan(20, 19)).run([noise(20, 1)], [])).not.toThrow();
  });

  test("so is one that writes beyond a state cell, by the cell's name", () => {
    const backend = backendOf({ guard: true });
    const plan = brokenPlan(20, 19);
    const [x, y] = plan.buffers;
    if (x === undefined || y === undefined) expect.unreachable();
    const executable = prepared(backend, { ...plan, buffers: [x, { ...y, place: { kind: "bound", slot: 0 } }], bound: [1], outputs: [] });
    const cell = backend.allocate({ shape: [19], dtype: "float32" }, "layers.0.bias");
    expect(() => executable.run([noise(20, 1)], [cell])).toThrow(/wrote 0 bytes after the buffer layers\.0\.bias/);
  });

  test("reading a canary makes NaN", async () => {
    const s = new ScalarBuilder();
    const backend = backendOf({ guard: true });
    const plan = brokenPlan(8, 8);
    const at = scaleIndex(axisIndex(0, 8), 2);
    const executable = prepared(backend, {
      ...plan,
      steps: plan.steps.map((step) =>
        step.kind === "loop" ? { ...step, writes: [{ buffer: 1, value: s.load(0, "float32", at) }] } : step,
      ),
    });
    const [got] = await executable.run([noise(8, 1)], []);
    expect([...(got ?? [])].map(Number.isNaN)).toEqual([false, false, false, false, true, true, true, true]);
  });
});

test("a plan that was given back, or a buffer of another backend, is refused", () => {
  const backend = backendOf();
  const s = new ScalarBuilder();
  const plan: Plan = {
    name: "one",
    buffers: [{ shape: [1], dtype: "float32", bytes: 4, place: { kind: "bound", slot: 0 }, label: "x" }],
    waves: [0],
    sweeps: [],
    steps: [
      {
        kind: "loop",
        label: "set",
        extents: [1],
        reduce: [],
        terms: [],
        reads: [],
        writes: [{ buffer: 0, value: s.constant("float32", 5) }],
      },
    ],
    inputs: [],
    outputs: [0],
    bound: [0],
    arenaBytes: 0,
  };
  const executable = prepared(backend, plan);
  const cell = backend.allocate({ shape: [1], dtype: "float32" }, "x");
  expect(executable.run([], [cell])).toEqual([Float32Array.of(5)]);
  const foreign = { bytes: 4, read: () => Float32Array.of(0), write: () => undefined, free: () => undefined };
  expect(() => executable.run([], [foreign])).toThrow(BackendError);
  executable.free();
  executable.free();
  expect(() => executable.run([], [cell])).toThrow("this executable was given back");
});

test("a thread count this host has no memory for, and a level it lacks, are refused; names tell what runs", () => {
  expect(backendOf({ threads: 2, level: "simd" }).name).toBe("wasm-simd-2");
  expect(backendOf({ level: "scalar" }).name).toBe("wasm-scalar-1");
  expect(mul(fromHost([1], "float32", noise(1, 1)), 2).size).toBe(1);
});
