import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digits, encodeIdx } from "@gradus/data";
import { gradus, jsonLines } from "../command-line/child.test.support.ts";

const folder = mkdtempSync(join(tmpdir(), "gradus-"));
const file = join(folder, "model.safetensors");
const test = digits({ split: "test", count: 40 });
let trained: Record<string, unknown>;

beforeAll(async () => {
  const { code, stdout } = await gradus(["train", "--limit", "1000", "--epochs", "2", "--threads", "1", "--save", file, "--json"]);
  expect(code).toBe(0);
  trained = jsonLines(stdout).at(-1) ?? {};
  writeFileSync(join(folder, "pictures-idx3-ubyte"), encodeIdx([40, 28, 28], test.images));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("gradus eval", () => {
  it("repeats the accuracy that training ended with", async () => {
    const { code, stdout, stderr } = await gradus(["eval", file, "--limit", "1000", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [scores] = jsonLines(stdout);
    expect(scores).toMatchObject({ data: "digits", images: 1000, testAccuracy: trained["testAccuracy"], backend: "wasm" });
    const confusion = scores?.["confusion"] as number[][];
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(1000);
    const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
    expect(right / 1000).toBeCloseTo(Number(scores?.["testAccuracy"]), 6);
  });

  it("prints a table for people", async () => {
    const { stdout } = await gradus(["eval", file, "--limit", "50"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("lenet5 on digits, test: 50 synthetic images, seed 0");
    expect(lines[1]).toMatch(/^loss [\d.]+; accuracy [\d.]+ %; among the first five [\d.]+ %$/);
    expect(lines).toHaveLength(3 + 1 + 10);
    expect(new Set(lines.slice(3).map((line) => line.length)).size).toBe(1);
  });
});

describe("gradus predict", () => {
  it("takes test images by number and pictures in IDX files, with the same answers", async () => {
    const numbers = [0, 7, 39];
    const { code, stdout } = await gradus(["predict", file, ...numbers.map(String), ...numbers.map((n) => `${join(folder, "pictures-idx3-ubyte")}:${n}`), "--json"]);
    expect(code).toBe(0);
    const answers = jsonLines(stdout);
    expect(answers).toHaveLength(6);
    for (const [i, n] of numbers.entries()) {
      const [numbered, fromFile] = [answers[i], answers[i + 3]];
      expect(numbered).toMatchObject({ image: String(n), label: String(test.labels[n]), class: expect.any(String) });
      expect(fromFile).toMatchObject({ class: numbered?.["class"], probability: numbered?.["probability"], top: numbered?.["top"] });
      expect(fromFile).not.toHaveProperty("label");
    }
  });

  it("says so in words", async () => {
    const { stdout } = await gradus(["predict", file, "3"]);
    expect(stdout).toMatch(/^3: \d [\d.]+ % \(then \d [\d.]+ %, \d [\d.]+ %\); it is \d\n$/);
  });

  it("refuses what is no picture", async () => {
    expect(await gradus(["predict", file, "2000"])).toMatchObject({ code: 2, stderr: "gradus: there is no test image 2000; there are 2000, counted from 0\n" });
    expect(await gradus(["predict", file, file])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^gradus: .*\n$/) });
    expect((await gradus(["predict", file, `${join(folder, "pictures-idx3-ubyte")}:40`])).stderr).toMatch(/has no image 40; it has 40, counted from 0\n$/);
  });
});

describe("gradus summary and doctor", () => {
  it("sum up a model", async () => {
    const { code, stdout } = await gradus(["summary", "lenet5", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({ name: "lenet5", parameters: 61_706, multiplyAccumulates: expect.any(Number), layers: expect.any(Array) });
    expect((await gradus(["summary", "lenet5"])).stdout).toContain("61,706");
  });

  it("look at the host", async () => {
    const { code, stdout } = await gradus(["doctor", "--json"]);
    expect(code).toBe(0);
    const present = expect.any(Boolean);
    const finding = { present, detail: expect.any(String) };
    expect(jsonLines(stdout)).toEqual([{ node: finding, wasm: finding, simd: finding, "relaxed simd": finding, threads: finding, webgpu: finding }]);
    expect((await gradus(["doctor"])).stdout.split("\n")).toHaveLength(7);
  });
});
