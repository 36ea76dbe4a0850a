import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compile, Engine } from "@gradus/compile";
import { checkLeaks } from "@gradus/conformance";
import { add, fromHost, mul, StaleError, State, type Tensor, useRuntime } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { WasmBackend } from "./backend.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const prelude = `
  import { Engine, compile } from "@gradus/compile";
  import { add, fromHost, matmul, mean, mul, relu, State, sub, sum, tanh, gradients, useRuntime } from "@gradus/tensor";
  import { WasmBackend } from "@gradus/wasm";
`;

/** Runs a program in a Node process of its own, until it exits by itself. */
async function nodeRuns(program: string, ...flags: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    ["--conditions=gradus-source", "--disable-warning=ExperimentalWarning", ...flags, "--input-type=module", "--eval", prelude + program],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

describe("a Node process exits by itself", () => {
  test.each([
    ["with a backend that did nothing", `new WasmBackend({ threads: 2 });`],
    ["with a backend whose workers wait", `const backend = new WasmBackend({ threads: 3 }); await backend.ready();`],
    [
      "after a step on two threads",
      `const backend = new WasmBackend({ threads: 2, sharedWork: 0 }); useRuntime(new Engine(backend)); await backend.ready(); const y = sum(mul(fromHost([4], "float32", Float32Array.of(1, 2, 3, 4)), 2)); if (await y.item() !== 20) throw new Error("wrong");`,
    ],
    [
      "after dispose",
      `const engine = new Engine(new WasmBackend({ threads: 2, sharedWork: 0 })); useRuntime(engine); await mul(fromHost([1], "float32", Float32Array.of(1)), 2).item(); await engine.backend.ready(); await engine.dispose();`,
    ],
  ])("%s", { timeout: 30_000 }, async (_, program) => {
    expect(await nodeRuns(`${program}; console.log("end");`)).toEqual({ code: 0, output: "end\n" });
  });
});

test("2,000 steps leave device bytes and the JavaScript heap as they were", { timeout: 120_000 }, async () => {
  const program = `
    const backend = new WasmBackend({ threads: 2, sharedWork: 0 });
    const engine = new Engine(backend);
    useRuntime(engine);
    const cell = (shape, label) => new State({ shape, dtype: "float32" }, label, () => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) / 4));
    const weights = [cell([16, 32], "w1"), cell([32, 4], "w2")];
    const step = compile((x, y) => {
      const [a, b] = weights.map((weight) => weight.value());
      const error = sub(matmul(tanh(matmul(x, a)), b), y);
      const loss = mean(sum(mul(error, error), { axis: 1 }));
      gradients(loss, [a, b]).forEach((grad, i) => weights[i].assign(sub(weights[i], mul(grad, 0.01))));
      return loss;
    });
    const plain = async (x) => { await sum(relu(add(x, 1))).item(); };
    const sizes = [];
    for (let i = 0; i <= 2200; i++) {
      const x = fromHost([8, 16], "float32", Float32Array.from({ length: 128 }, (_, k) => Math.cos(k + i)));
      const y = fromHost([8, 4], "float32", new Float32Array(32));
      await step(x, y).item();
      await plain(x);
      if (i % 1000 === 200) { globalThis.gc(); sizes.push([backend.memory().bytes, process.memoryUsage().heapUsed]); }
    }
    const held = backend.memory().bytes;
    for (const weight of weights) weight.free();
    console.log(JSON.stringify({ sizes, cells: held - backend.memory().bytes }));
    await engine.dispose();
  `;
  const { code, output } = await nodeRuns(program, "--expose-gc");
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("sizes") as string });
  const { sizes, cells } = JSON.parse(output) as { sizes: readonly (readonly [number, number])[]; cells: number };
  const [first, ...later] = sizes;
  expect(later.length).toBe(2);
  for (const [bytes, heap] of later) {
    expect(bytes).toBe(first?.[0]);
    expect(heap - (first?.[1] ?? 0)).toBeLessThan(400_000);
  }
  expect(cells).toBe(16 * 32 * 4 + 32 * 4 * 4);
});

describe("kept tensors", () => {
  test("stay on the device until freed, are read without being uploaded, and cannot be read afterwards", async () => {
    const backend = new WasmBackend({ threads: 1, guard: true });
    const engine = new Engine(backend);
    const before = useRuntime(engine);
    try {
      const done = checkLeaks(engine);
      const double = (): Tensor => mul(fromHost([3], "float32", Float32Array.of(1, 2, 3)), 2);
      {
        using kept = await double().keep();
        expect(kept.host).toBeNull();
        const twice = compile((x: Tensor) => add(x, kept));
        expect(await twice(kept).data()).toEqual(Float32Array.of(4, 8, 12));
        expect(await add(kept, 1).data()).toEqual(Float32Array.of(3, 5, 7));
        expect(await kept.data()).toEqual(Float32Array.of(2, 4, 6));
        expect(kept.host).toBeNull();
      }
      const freed = await double().keep();
      freed.free();
      freed.free();
      await expect(freed.data()).rejects.toThrow("float32[3] was kept on the device and has been freed");
      await expect(add(freed, 1).data()).rejects.toThrow(StaleError);
      const own = new State({ shape: [2], dtype: "float32" }, "w", () => Float32Array.of(1, 2));
      const copy = await own.keep();
      own.assign(mul(own, 10));
      expect(await add(copy, own).data()).toEqual(Float32Array.of(11, 22));
      copy.free();
      own.free();
      done();
    } finally {
      useRuntime(before);
      backend.dispose();
    }
  });

  test("one that is lost is freed by the collector, with one warning", async () => {
    const { code, output } = await nodeRuns(
      `
      const backend = new WasmBackend({ threads: 1 });
      useRuntime(new Engine(backend));
      const make = async () => { await mul(fromHost([1000], "float32", new Float32Array(1000)), 2).keep(); };
      await make();
      const held = backend.memory().bytes;
      await make(); await make();
      if (backend.memory().bytes !== held + 2 * 4032) throw new Error("kept nothing");
      for (let i = 0; i < 50 && backend.memory().bytes > held - 4032; i++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
      console.log(held - backend.memory().bytes);
    `,
      "--expose-gc",
    );
    expect({ code, lines: output.trim().split("\n").sort() }).toEqual({
      code: 0,
      lines: ["4032", expect.stringMatching(/^gradus: a kept tensor \(float32\[1000\]\) was lost without being freed/) as string],
    });
  });
});
