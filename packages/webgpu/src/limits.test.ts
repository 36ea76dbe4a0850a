import { compile, Engine } from "@gradus/compile";
import { checkOps, specEvaluate, specifiedOps } from "@gradus/conformance";
import { add, concat, fromHost, gradients, mul, scan, sizeOf, State, sub, sum, tanh, type Tensor, useRuntime } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import type { DeviceLimits } from "./device.ts";
import { Pipelines } from "./pipelines.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

describe.skipIf(gpu === null)(`the limits of a device${orMissing(found)}`, () => {
  async function within(limits: Partial<DeviceLimits>, run: (engine: Engine, backend: WebgpuBackend) => Promise<void>): Promise<void> {
    const backend = await WebgpuBackend.create({ limits, ...(gpu === null ? {} : { gpu }) });
    const engine = new Engine(backend);
    const before = useRuntime(engine);
    try {
      await run(engine, backend);
    } finally {
      useRuntime(before);
      await engine.dispose();
    }
  }

  test.each([2, 4])("ops with more operands than %i bindings share bindings, and are right", { timeout: 120_000 }, async (bindings) => {
    await within({ maxStorageBuffersPerShaderStage: bindings }, async (engine) => {
      const names = ["where", "concat", "matmul", "scatterAdd"];
      const reports = await checkOps(engine, { ops: specifiedOps().filter(({ name }) => names.includes(name)), entries: 1 });
      expect(reports.flatMap(({ op, failures }) => failures.map(({ reason }) => `${op}: ${reason}`))).toEqual([]);
    });
  });

  test.each([2, 3, 5])("steps of a recurrence with more operands than %i bindings read copies of their rows", async (bindings) => {
    await within({ maxStorageBuffersPerShaderStage: bindings }, async () => {
      const ramp = (...shape: number[]): Tensor =>
        fromHost(
          shape,
          "float32",
          Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + shape.length)),
        );
      const [x, y, start, by] = [ramp(5, 64), ramp(5, 64), ramp(64), ramp(64)];
      const { state, ys } = scan(
        ({ one, other }: { one: Tensor; other: Tensor }, [a, b]) => {
          const next = tanh(add(mul(one, a), mul(other, add(b, by))));
          return [{ one: next, other: sub(one, mul(next, a)) }, [mul(next, b), sub(other, next)]];
        },
        { one: start, other: by },
        [x, y] as const,
      );
      const [first = x, second = x] = ys;
      const results = [first, second, state.other, ...gradients(sum(mul(first, second)), [x, y, start, by])];
      const wanted = specEvaluate(results);
      for (const [i, result] of results.entries()) {
        const got = await result.data();
        expect(got.length).toBe(wanted[i]?.length);
        got.forEach((value, at) => expect(value).toBeCloseTo(wanted[i]?.[at] ?? Number.NaN, 4));
      }
    });
  });

  test("cells that do not fit into the bindings pass through the workspace, read and written", async () => {
    await within({ maxStorageBuffersPerShaderStage: 3 }, async () => {
      const cells = Array.from(
        { length: 6 },
        (_, n) => new State({ shape: [3], dtype: "float32" }, `cell ${n}`, () => Float32Array.of(n, 2 * n, 3 * n)),
      );
      const step = compile((by: Tensor) => {
        const total = cells.reduce<Tensor>((total, cell) => add(total, cell), by);
        cells[0]?.assign(total);
        return concat([...cells, total], { axis: 0 });
      });
      const joined = step(fromHost([3], "float32", Float32Array.of(1, 1, 1)));
      const want = [16, 31, 46];
      expect([...(await joined.data())]).toEqual([...want, ...[1, 2, 3, 4, 5].flatMap((n) => [n, 2 * n, 3 * n]), ...want]);
      expect([...((await cells[0]?.data()) ?? [])]).toEqual(want);
      for (const cell of cells) cell.free();
    });
  });

  test("a tensor larger than a binding is refused with its name and both sizes, and never read as zeros", async () => {
    await within({ maxStorageBufferBindingSize: 4096 }, async () => {
      const x = fromHost([33, 32], "float32", new Float32Array(33 * 32).fill(1));
      await expect(sum(add(x, 1), { axis: 0 }).data()).rejects.toMatchObject({
        name: "MemoryError",
        code: "memory/binding-size",
        message: expect.stringMatching(/float32\[33, 32\] has 4224 bytes, and this device binds at most 4096/),
      });
      expect(await sum(fromHost([32, 32], "float32", new Float32Array(1024).fill(1))).item()).toBe(1024);
    });
  });

  test("an arena or a cell larger than a buffer may be is refused, and the engine goes on", async () => {
    await within({ maxBufferSize: 8192 }, async () => {
      const large = fromHost([3000], "float32", new Float32Array(3000));
      await expect(add(large, 1).data()).rejects.toMatchObject({ name: "MemoryError", code: "memory/buffer-size" });
      const cell = new State({ shape: [3000], dtype: "float32" }, "weights");
      await expect(sum(cell).data()).rejects.toMatchObject({ message: expect.stringMatching(/weights needs 12000 bytes.*at most 8192/) });
      expect(await add(fromHost([], "float32", Float32Array.of(1)), 1).item()).toBe(2);
    });
  });

  test("a shader that the device does not accept is an error with its step and the compiler's message", async () => {
    await within({}, async (_, backend) => {
      const pipelines = new Pipelines(backend.device);
      await expect(
        pipelines.get("@compute @workgroup_size(1) fn main() { let x: f32 = 1i; }", [], "step 3 (add) of plan 12ab"),
      ).rejects.toMatchObject({
        name: "BackendError",
        code: "webgpu/shader",
        message: expect.stringMatching(/the shader of step 3 \(add\) of plan 12ab was not accepted[^]*line 1: /),
      });
    });
  });
});
