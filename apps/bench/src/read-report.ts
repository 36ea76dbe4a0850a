import { readFileSync, statSync } from "node:fs";
import { FormatError } from "@gradus/tensor";
import type { Work } from "@gradus/conformance/perf";
import { boolean, count, type Decoder, list, nullable, number, object, oneOf, record, tagged, text } from "./decode.ts";
import {
  type BudgetReport,
  type CaseReport,
  type Ceiling,
  type Host,
  type LibrarySize,
  type Report,
  reportFormat,
  type Result,
} from "./report.ts";
import type { Statistics } from "./statistics.ts";

/** More than any run writes. */
const mostBytes = 64_000_000;

/**
 * Reads the file that `--json` wrote, and believes nothing in it.
 *
 * @throws FormatError naming the file, the place in it and what was expected there.
 */
export function readReport(path: string): Report {
  let value: unknown;
  try {
    const { size } = statSync(path);
    if (size > mostBytes) throw new Error(`it has ${size} bytes, more than the ${mostBytes} a report can have`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new FormatError("format/report", `${path} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      subject: "bench",
      cause,
    });
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && format !== reportFormat)
    throw new FormatError(
      "format/report-version",
      `${path} is a report of format ${format}, and this version reads format ${reportFormat}`,
      {
        subject: "bench",
        hint: "measure again",
      },
    );
  return report(value, path);
}

const positive = number(Number.MIN_VALUE);

const host: Decoder<Host> = object<Host>({ cpu: text, cores: count, node: text, browser: nullable(text), system: text });

const level = oneOf("relaxed", "simd", "scalar", "shader");

const ceiling: Decoder<Ceiling> = tagged<Ceiling>("kind", {
  arithmetic: object({ kind: oneOf("arithmetic"), level, threads: count, unit: oneOf("GFLOP/s"), speed: positive }),
  copy: object({ kind: oneOf("copy"), bytes: count, threads: count, unit: oneOf("GB/s"), speed: positive }),
});

const work: Decoder<Work> = tagged<Work>("unit", {
  "GFLOP/s": object({ unit: oneOf("GFLOP/s"), operations: positive }),
  "GB/s": object({ unit: oneOf("GB/s"), bytes: positive }),
  "images/s": object({ unit: oneOf("images/s"), images: positive }),
});

const statistics: Decoder<Statistics> = object<Statistics>({
  samples: count,
  min: positive,
  lower: positive,
  median: positive,
  upper: positive,
  spread: number(0),
});

const contender = { contender: text, library: text, threads: count };
const refused = object({ ...contender, kind: oneOf("cannot", "wrong", "failed"), why: text });
const result: Decoder<Result> = tagged<Result>("kind", {
  measured: object({
    ...contender,
    kind: oneOf("measured"),
    times: statistics,
    firstMilliseconds: number(0),
    peakBytes: nullable(number(0)),
  }),
  cannot: refused,
  wrong: refused,
  failed: refused,
});

const caseReport: Decoder<CaseReport> = object<CaseReport>({ name: text, work, results: list(result), othersShare: nullable(number(0)) });

const size: Decoder<LibrarySize> = tagged<LibrarySize>("kind", {
  bundle: object({ kind: oneOf("bundle"), script: count, fetched: count }),
  package: object({ kind: oneOf("package"), bytes: count }),
  cannot: object({ kind: oneOf("cannot"), why: text }),
});

const budget: Decoder<BudgetReport> = object<BudgetReport>({ name: text, limit: text, measured: text, holds: nullable(boolean) });

const report: Decoder<Report> = object<Report>({
  format: oneOf(reportFormat),
  command: text,
  date: text,
  host,
  ceilings: list(ceiling),
  versions: record(text),
  sizes: record(size),
  cases: list(caseReport),
  budgets: list(budget),
});
