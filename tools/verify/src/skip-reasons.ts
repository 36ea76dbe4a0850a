import { type Reporter, type TestCase } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    skipReason?: string;
  }
}

/** Carries the note of `context.skip(note)` into the JSON report, which leaves it out. */
export default class SkipReasons implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === "skipped" && result.note !== undefined) test.meta().skipReason = result.note;
  }
}
