import { loadModel } from "@gradus/train";
import { describe, expect, it } from "vitest";
import { orMissing, testGpu } from "../../webgpu/src/test-gpu.test.support.ts";
import { gradus, jsonLines, scratch } from "../src/command-line/child.test.support.ts";

const found = await testGpu();
const { gpu } = found;
const isSoftware = gpu !== null && (await doctor())["software"] === true;

/** Each command is a process of its own: that it ends, and with which code, is half of what is tested. */
describe.skipIf(gpu === null)(`gradus on WebGPU${orMissing(found)}`, { timeout: 300_000 }, () => {
  it("doctor says which adapter there is, whether it is software, and what it can do", async () => {
    const { adapter, software, features, limits, present, detail } = await doctor();
    expect(present).toBe(true);
    expect(features).toEqual({ f16: expect.any(Boolean), subgroups: expect.any(Boolean), timestamps: expect.any(Boolean) });
    expect(Object.values(Object(limits)).every((limit) => Number.isInteger(limit) && Number(limit) > 0)).toBe(true);
    expect(String(detail).startsWith(`${String(adapter)}${software === true ? ", which is software: right, and slow; " : "; "}`)).toBe(
      true,
    );
  });

  it("a model trained there is saved, and scored there and on wasm alike", async () => {
    const path = scratch("model.safetensors");
    const trained = await gradus(["train", "--limit", "64", "--epochs", "1", "--backend", "webgpu", "--save", path, "--json"]);
    expect(trained).toMatchObject({ code: 0, stderr: expect.stringContaining(`saved to ${path}\n`) });
    expect(jsonLines(trained.stdout).at(-1)).toMatchObject({ done: true, backend: "webgpu", threads: 1, peakBytes: expect.any(Number) });
    const { weights } = await loadModel(path);
    expect([...weights.values()].every(({ data }) => [...data].every(Number.isFinite))).toBe(true);

    const scores = async (backend: string): Promise<Readonly<Record<string, unknown>>> => {
      const { code, stdout } = await gradus(["eval", path, "--limit", "64", "--backend", backend, "--json"]);
      expect(code).toBe(0);
      return jsonLines(stdout)[0] ?? {};
    };
    const [here, there] = [await scores("webgpu"), await scores("wasm")];
    expect(here).toMatchObject({ backend: "webgpu", confusion: there["confusion"] });
    expect(Number(here["testLoss"])).toBeCloseTo(Number(there["testLoss"]), 4);

    const { code, stdout } = await gradus(["predict", path, "0", "--backend", "webgpu", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({ image: "0", probability: expect.any(Number) });
  });

  it("a command that fails ends too", async () => {
    const { code, stderr } = await gradus(["train", "--limit", "64", "--epochs", "3", "--lr", "3e38", "--backend", "webgpu"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/gradus: fit: the (loss|gradients) of step \d+ /);
  });

  // Software computes 25 images a second on a busy core: there the set is drawn smaller, and its batches too, so that an epoch still teaches.
  const size = isSoftware ? ["--limit", "1000", "--batch-size", "8", "--lr", "0.02"] : [];
  it(`LeNet-5 learns in one epoch of digits what it learns on wasm (${isSoftware ? "1,000" : "12,000"} images)`, async () => {
    const train = async (backend: string): Promise<number> => {
      const { code, stdout } = await gradus(["train", "--epochs", "1", "--seed", "1", ...size, "--backend", backend, "--json"]);
      expect(code).toBe(0);
      return Number(jsonLines(stdout).at(-1)?.["testAccuracy"]);
    };
    const [here, there] = [await train("webgpu"), await train("wasm")];
    expect(there).toBeGreaterThan(0.8);
    expect(Math.abs(here - there)).toBeLessThanOrEqual(0.003);
  });
});

async function doctor(): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout } = await gradus(["doctor", "--json"]);
  expect(code).toBe(0);
  return Object(jsonLines(stdout)[0]?.["webgpu"]);
}
