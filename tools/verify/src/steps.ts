/** One thing to verify: a script of the root's package.json, so that it can be run again alone. */
export interface Step {
  readonly script: string;
  readonly proves: string;
}

/** What `pnpm check` runs, cheapest first. */
export const CHECK_STEPS: readonly Step[] = [
  { script: "types", proves: "every package, tool and test compiles" },
  { script: "gen:check", proves: "generated files are up to date" },
  { script: "format:check", proves: "the formatter has nothing to change" },
  { script: "lint", proves: "the linter has nothing to say" },
  { script: "size", proves: "bundles stay within their budgets" },
  { script: "packages", proves: "packed tarballs resolve for every kind of importer" },
  { script: "test:unit", proves: "unit tests pass in Node" },
];

/** What `pnpm test` adds. */
export const TEST_STEPS: readonly Step[] = [
  ...CHECK_STEPS,
  { script: "test:browser", proves: "browser tests pass in Chromium" },
  { script: "docs", proves: "the API reference builds without a warning" },
];
