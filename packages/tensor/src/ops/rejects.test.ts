import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { GradusError } from "../errors.ts";
import { apply, type ErasedOp } from "../op/apply.ts";
import type { Problem } from "../op/define.ts";
import { drawCase, type ErasedCase } from "../test/draw.ts";
import { ops } from "./index.ts";
import { specs } from "./specs.ts";

type Reject = ErasedCase & { readonly code: string };

// The tables' rows have many types; the tests below treat all of them alike.
const erasedSpecs = specs as unknown as Readonly<Record<string, { readonly rejects: readonly Reject[] }>>;
const refused = Object.entries(ops as unknown as Readonly<Record<string, ErasedOp>>).flatMap(([name, op]) =>
  (erasedSpecs[name]?.rejects ?? []).map((one) => ({ name, op, one })),
);
const folder = fileURLToPath(new URL(".", import.meta.url));

describe("what the rules of the ops refuse", () => {
  test("with these sentences", async () => {
    const lines = refused.map(({ name, op, one }) => {
      try {
        apply(op, drawCase(op, one) as never, one.attrs);
      } catch (error) {
        if (error instanceof GradusError) return [`${name}: ${error.sentence}`, error.hint, error.code].filter(Boolean).join(" | ");
        throw error;
      }
      return expect.unreachable(`${name} accepts what it should refuse with ${one.code}`);
    });
    await expect(`${[...new Set(lines)].join("\n")}\n`).toMatchFileSnapshot("rejects.test.snapshot.txt");
  });

  test("every rule is broken by a call", () => {
    const sites = globSync("**/*.ts", { cwd: folder, exclude: ["**/*.{test,spec}.ts"] }).flatMap((file) =>
      readFileSync(`${folder}${file}`, "utf8")
        .split("\n")
        .flatMap((line, i) => (/(?<![\w.])fail\(/.test(line) ? [`${file}:${i + 1}`] : [])),
    );
    expect(sites.length).toBeGreaterThan(40);
    const reached = new Set(refused.map(({ op, one }) => siteOf(op, one)));
    expect(sites.filter((site) => !reached.has(site))).toEqual([]);
  });
});

/** Where a row refuses a call: the file and line that called `fail`. */
function siteOf(op: ErasedOp, one: Reject): string | null {
  let site: string | null = null;
  const refuse = (problem: Problem): never => {
    const calls = (new Error(problem.sentence).stack ?? "").split("\n").filter((line) => line.includes("/src/ops/"));
    // The first is this function.
    site =
      /\/src\/ops\/(.*?\.ts)\S*?:(\d+):\d+/
        .exec(calls[1] ?? "")
        ?.slice(1, 3)
        .join(":") ?? null;
    throw new RangeError(problem.sentence);
  };
  expect(() => op.infer(drawCase(op, one) as never, one.attrs, refuse)).toThrow(RangeError);
  return site;
}
