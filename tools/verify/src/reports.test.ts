import { expect, test } from "vitest";
import { skipLines, sum, totalLine } from "./reports.ts";

function report(...files: readonly { status?: string; tests: readonly object[] }[]): unknown {
  return {
    testResults: files.map(({ status = "passed", tests }) => ({
      status,
      name: "/root/packages/a/x.test.ts",
      assertionResults: tests.map((each) => ({ fullName: "a test", meta: {}, ...each })),
    })),
  };
}

test("passed, failed and skipped tests are told apart", () => {
  const total = sum(
    report(
      { tests: [{ status: "passed" }, { status: "passed" }, { status: "skipped", meta: { skipReason: "no GPU" } }] },
      { status: "failed", tests: [{ status: "failed" }, { status: "passed" }] },
    ),
    "/root",
  );
  expect(totalLine(total)).toBe("3 passed, 1 failed, 1 skipped");
  expect(total.skipped).toEqual([{ test: "packages/a/x.test.ts > a test", reason: "no GPU" }]);
});

test("a file that failed before its first test counts as one failure", () => {
  expect(totalLine(sum(report({ status: "failed", tests: [] }), "/root"))).toBe("0 passed, 1 failed");
  const notRun = report({ status: "failed", tests: [{ status: "skipped", meta: { skipReason: "x" } }] });
  expect(totalLine(sum(notRun, "/root"))).toBe("0 passed, 1 failed, 1 skipped");
});

test("a status nobody knows is a failure", () => {
  expect(totalLine(sum(report({ tests: [{ status: "running" }] }), "/root"))).toBe("0 passed, 1 failed");
});

test("a report of another shape is refused", () => {
  expect(() => sum({}, "/root")).toThrow('a test report has no list "testResults"');
  expect(() => sum(report({ tests: [{}] }), "/root")).toThrow('a test report has no text "status"');
});

test("a title may give the reason, and skips without one are named", () => {
  const { skipped } = sum(
    report({
      tests: [
        { status: "pending", fullName: "fixtures (needs shared/ beside the checkout) add" },
        { status: "pending", fullName: "fixtures (needs shared/ beside the checkout) mul" },
        { status: "todo", fullName: "unexplained" },
        { status: "skipped", meta: { skipReason: "no GPU" } },
      ],
    }),
    "/root",
  );
  expect(skipLines(skipped)).toEqual([
    "  2 x needs shared/ beside the checkout",
    "  1 x no GPU",
    "  no reason given: packages/a/x.test.ts > unexplained",
  ]);
});
