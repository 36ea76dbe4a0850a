import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { mul, neg, sub } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { drawCase, type ErasedCase, flatten, type SpecifiedOp, specifiedOps } from "./case.ts";
import { checkOps, type OpReport } from "./check-ops.ts";
import { sabotage } from "./sabotage.ts";

const reference = (): Engine => new Engine(new ReferenceBackend());
const failing = (reports: readonly OpReport[]): string[] => reports.flatMap(({ op, failures }) => (failures.length > 0 ? [op] : []));
const all = specifiedOps();
const named = (name: string): SpecifiedOp => all.find((op) => op.name === name) ?? expect.unreachable(`no op ${name}`);

describe("the op-by-case loop on the reference", () => {
  test("every op has cases, and either gradient entries that were compared or a reason why not", async () => {
    const reports = await checkOps(reference(), { entries: 4 });
    expect(reports.filter(({ cases }) => cases === 0)).toEqual([]);
    const withoutInputs = new Set(all.filter(({ op }) => Object.keys(op.inputs).length === 0).map(({ name }) => name));
    expect(
      reports
        .filter(({ op, slopes, noGradient }) => slopes === 0 && noGradient === undefined && !withoutInputs.has(op))
        .map(({ op }) => op),
    ).toEqual([]);
  });
});

test("every op has a case without elements", () => {
  const isEmpty = (each: ErasedCase, op: SpecifiedOp): boolean =>
    flatten(drawCase(op.op, each, 1)).some(({ data }) => data.length === 0) || Object.values(each.attrs).some(isEmptyShape);
  expect(all.filter((op) => !op.cases.some((each) => isEmpty(each, op))).map(({ name }) => name)).toEqual([]);
});

/** A shape, as a source op's attribute is one. */
function isEmptyShape(value: unknown): boolean {
  return Array.isArray(value) && value.includes(0);
}

describe("a backend that is wrong in one element", () => {
  test.each(all.map(({ name }) => name))("%s is noticed", async (name) => {
    const broken = new Engine(sabotage(new ReferenceBackend(), { op: name }));
    expect(failing(await checkOps(broken, { ops: [named(name)], gradients: false }))).toEqual([name]);
  });

  test.each(["matmul", "tan", "less"])("in %s: exactly that op is reported", async (name) => {
    const broken = new Engine(sabotage(new ReferenceBackend(), { op: name, element: 0 }));
    expect(failing(await checkOps(broken, { gradients: false }))).toEqual([name]);
  });
});

describe("a row that is wrong", () => {
  const multiply = named("mul");

  test("a wrong vjp is a numeric gradient failure that names entry and values", async () => {
    const { op } = multiply;
    const wrong: SpecifiedOp = {
      ...multiply,
      op: { ...op, vjp: ({ x, ct }) => ({ a: mul(ct, x["b"] as never), b: neg(mul(ct, x["a"] as never)) }) },
    };
    const [report] = await checkOps(reference(), { ops: [wrong] });
    expect(new Set(report?.failures.map(({ stage }) => stage))).toEqual(new Set(["numeric gradient"]));
    expect(report?.failures[0]?.reason).toMatch(/^input 1 \(of entries 0, 1, 2, 3, 4\): element \d is .* and should be .* \(off by/);
  });

  test("a vjp that throws is a failure and not an exception", async () => {
    const wrong: SpecifiedOp = {
      ...multiply,
      op: { ...multiply.op, vjp: ({ ct, x }) => ({ a: sub(ct, x["a"] as never), b: ct.value().shape.at(9) as never }) },
    };
    const [report] = await checkOps(reference(), { ops: [wrong] });
    expect(report?.failures.length).toBeGreaterThan(0);
  });

  test("a call that is accepted, or refused with another code, is a failure", async () => {
    const [case0] = multiply.cases;
    if (case0 === undefined) expect.unreachable();
    const wrong: SpecifiedOp = {
      ...multiply,
      rejects: [{ ...case0, code: "shape/never" }, ...multiply.rejects.map((each) => ({ ...each, code: "shape/other" }))],
    };
    const [report] = await checkOps(reference(), { ops: [wrong], gradients: false });
    expect(report?.failures.map(({ reason }) => reason)).toEqual([
      "was accepted, and should be refused with code shape/never",
      ...multiply.rejects.map(({ code }) => `refused with code ${code} instead of shape/other`),
    ]);
  });
});
