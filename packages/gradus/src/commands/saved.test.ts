import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digits, encodeIdx } from "@gradus/data";
import { gradusHere, jsonLines } from "../command-line/child.test.support.ts";

const folder = mkdtempSync(join(tmpdir(), "gradus-"));
const file = join(folder, "model.safetensors");
const test = digits({ split: "test", count: 40 });
let trained: Record<string, unknown>;

beforeAll(async () => {
  const { code, stdout } = await gradusHere(["train", "--limit", "1000", "--epochs", "2", "--threads", "1", "--save", file, "--json"]);
  expect(code).toBe(0);
  trained = jsonLines(stdout).at(-1) ?? {};
  writeFileSync(join(folder, "pictures-idx3-ubyte"), encodeIdx([40, 28, 28], test.images));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("gradus eval", () => {
  it("repeats the accuracy that training ended with", async () => {
    const { code, stdout, stderr } = await gradusHere(["eval", file, "--limit", "1000", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [scores] = jsonLines(stdout);
    expect(scores).toMatchObject({ data: "digits", images: 1000, testAccuracy: trained["testAccuracy"], backend: "wasm" });
    const confusion = scores?.["confusion"] as number[][];
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(1000);
    const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
    expect(right / 1000).toBeCloseTo(Number(scores?.["testAccuracy"]), 6);
  });

  it("prints a table for people", async () => {
    const { stdout } = await gradusHere(["eval", file, "--limit", "50"]);
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
    const { code, stdout } = await gradusHere([
      "predict",
      file,
      ...numbers.map(String),
      ...numbers.map((n) => `${join(folder, "pictures-idx3-ubyte")}:${n}`),
      "--json",
    ]);
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

  it("reads PNG files, dark on light or light on dark", async () => {
    const pixels = test.images.subarray(0, 784);
    const inverted = pixels.map((value) => 255 - value);
    writeFileSync(join(folder, "light.png"), png(28, pixels));
    writeFileSync(join(folder, "dark.png"), png(28, inverted));
    const { stdout } = await gradusHere(["predict", file, "0", join(folder, "light.png"), join(folder, "dark.png"), "--json"]);
    const [numbered, light, dark] = jsonLines(stdout);
    expect(light?.["class"]).toBe(numbered?.["class"]);
    expect(light?.["top"]).toEqual(numbered?.["top"]);
    expect(dark?.["top"]).toEqual(numbered?.["top"]);
  });

  it("says so in words", async () => {
    const { stdout } = await gradusHere(["predict", file, "3"]);
    expect(stdout).toMatch(/^3: \d [\d.]+ % \(then \d [\d.]+ %, \d [\d.]+ %\); it is \d\n$/);
  });

  it("refuses what is no picture", async () => {
    expect(await gradusHere(["predict", file, "2000"])).toMatchObject({
      code: 2,
      stderr: "gradus: there is no test image 2000; there are 2000, counted from 0\n",
    });
    expect(await gradusHere(["predict", file, file])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^gradus: .*\n$/) });
    expect((await gradusHere(["predict", file, `${join(folder, "pictures-idx3-ubyte")}:40`])).stderr).toMatch(
      /has no image 40; it has 40, counted from 0\n$/,
    );
  });
});

/** A grey PNG of 8 bits. */
function png(side: number, pixels: Uint8Array): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const rows = Array.from({ length: side }, (_, y) => Buffer.concat([Buffer.from([0]), pixels.subarray(y * side, (y + 1) * side)]));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

describe("gradus summary and doctor", () => {
  it("sum up a model", async () => {
    const { code, stdout } = await gradusHere(["summary", "lenet5", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({
      name: "lenet5",
      parameters: 61_706,
      multiplyAccumulates: expect.any(Number),
      layers: expect.any(Array),
    });
    expect((await gradusHere(["summary", "lenet5"])).stdout).toContain("61,706");
  });

  it("look at the host", async () => {
    const { code, stdout } = await gradusHere(["doctor", "--json"]);
    expect(code).toBe(0);
    const present = expect.any(Boolean);
    const finding = { present, detail: expect.any(String) };
    const webgpu = expect.objectContaining(finding);
    expect(jsonLines(stdout)).toEqual([{ node: finding, wasm: finding, simd: finding, "relaxed simd": finding, threads: finding, webgpu }]);
    expect((await gradusHere(["doctor"])).stdout.split("\n")).toHaveLength(7);
  });
});
