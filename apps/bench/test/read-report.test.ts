import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError, hostUniform, stream } from "@gradus/tensor";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readReport } from "../src/read-report.ts";
import { report } from "./sample-report.ts";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "gradus-report-"))));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): unknown {
  const path = join(folder, "report.json");
  writeFileSync(path, text);
  return readReport(path);
}

function sentence(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof FormatError) return error.sentence.replace(folder, "");
    throw error;
  }
  return "read";
}

test("what --json writes is read back", () => {
  expect(read(JSON.stringify(report))).toEqual(report);
});

test("what is not a report says what is wrong with it", () => {
  expect(sentence("")).toMatch(/^\/report\.json cannot be read as JSON: /);
  expect(sentence("[1]")).toBe("/report.json should be an object, not a list");
  expect(sentence("null")).toBe("/report.json should be an object, not null");
  expect(sentence('{"format": 1}')).toBe("/report.json is a report of format 1, and this version reads format 2");
  expect(sentence('{"format": "x"}')).toBe('/report.json.format should be 2, not "x"');
  expect(() => readReport(join(folder, "none.json"))).toThrow(/none\.json cannot be read as JSON: ENOENT/);
  const [first] = report.cases;
  const broken = (results: unknown): string => sentence(JSON.stringify({ ...report, cases: [{ ...first, results }] }));
  expect(broken(7)).toBe("/report.json.cases[0].results should be a list, not 7");
  expect(broken([{ kind: "quick" }])).toBe(
    '/report.json.cases[0].results[0].kind should be "measured" or "cannot" or "wrong" or "failed", not "quick"',
  );
  expect(broken([{ ...first?.results[0], times: { samples: 1, min: -1 } }])).toMatch(
    /^\/report\.json\.cases\[0\]\.results\[0\]\.times\.min should be a number of at least \S+, not -1$/,
  );
});

test("text cannot steer a terminal, and a prototype cannot be set", () => {
  const text = JSON.stringify({ ...report, command: "a\u001b[2Jb" }).replace('"versions":{', '"versions":{"__proto__":"x",');
  const got = readReportOf(text);
  expect(got.command).toBe("a [2Jb");
  expect(Object.getPrototypeOf(got.versions)).toBe(Object.prototype);
});

test("a report with any part replaced is read or refused in a sentence", () => {
  const hostile: readonly unknown[] = [null, -1, 1e308, "", [], {}, true, "9".repeat(1000), [[[]]]];
  const choices = hostUniform(stream(3, "reports"), 2000, 0, 1);
  let refused = 0;
  for (let i = 0; i < choices.length; i += 2) {
    const places: [Record<string, unknown>, string][] = [];
    const copy: unknown = JSON.parse(JSON.stringify(report));
    collect(copy, places);
    const [holder, key] = places[Math.floor((choices[i] ?? 0) * places.length)] ?? expect.unreachable();
    holder[key] = hostile[Math.floor((choices[i + 1] ?? 0) * hostile.length)];
    if (sentence(JSON.stringify(copy)) !== "read") refused++;
  }
  expect(refused).toBeGreaterThan(500);
});

function readReportOf(text: string): typeof report {
  const path = join(folder, "report.json");
  writeFileSync(path, text);
  return readReport(path);
}

function collect(value: unknown, into: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    into.push([value as Record<string, unknown>, key]);
    collect(each, into);
  }
}
