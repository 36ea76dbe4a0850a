import { type Backend, Engine } from "@gradus/compile";
import { NumericError, useRuntime } from "@gradus/tensor";
import { behaviours, cellMaker } from "./behaviours.ts";
import { type SpecifiedOp, specifiedOps } from "./case.ts";
import { checkGraph } from "./check-graph.ts";
import { checkOps } from "./check-ops.ts";
import { checkLeaks } from "./leaks.ts";
import { randomRecipe } from "./random-graph.ts";

/** The functions of a test framework that the suite registers itself with: vitest's, jest's or node:test's. */
export interface TestRunner {
  readonly describe: (name: string, register: () => void) => unknown;
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  readonly beforeAll: (run: () => Promise<void>) => unknown;
  readonly afterAll: (run: () => Promise<void>) => unknown;
}

export interface TestBackendOptions {
  /** In the suite's title; the backend's own name is not known before it is made. */
  readonly name?: string;
  /** The ops to check; every op of the library when left out. */
  readonly ops?: readonly SpecifiedOp[];
  /** Random graphs to compare with the specs; 50 when left out. */
  readonly graphs?: number;
  /** Decides every value and graph drawn; 1 when left out. */
  readonly seed?: number;
}

/**
 * Registers the suite every backend must pass: each op's cases forward and gradient, how state and replay behave,
 * random graphs three ways, and after each test as many bytes held as before.
 *
 * Example: `import * as runner from "vitest"; testBackend(runner, () => new MyBackend());`
 */
export function testBackend(
  { describe, test, beforeAll, afterAll }: TestRunner,
  make: () => Backend | Promise<Backend>,
  { name = "backend", ops = specifiedOps(), graphs = 50, seed = 1 }: TestBackendOptions = {},
): void {
  describe(name, () => {
    let engine: Engine | null = null;
    beforeAll(async () => {
      engine = new Engine(await make());
    });
    afterAll(async () => {
      await engine?.dispose();
    });
    const withEngine = (run: (engine: Engine) => Promise<void>) => async (): Promise<void> => {
      if (engine === null) throw new NumericError("conformance/no-backend", "the backend was not made", { subject: "testBackend" });
      const done = checkLeaks(engine);
      const before = useRuntime(engine);
      try {
        await run(engine);
      } finally {
        useRuntime(before);
      }
      done();
    };

    describe("ops", () => {
      for (const op of ops) {
        test(
          op.name,
          withEngine(async (engine) => {
            const [report] = await checkOps(engine, { ops: [op], seed });
            const [first] = report?.failures ?? [];
            if (first === undefined) return;
            throw new NumericError(
              "conformance/op",
              `${report?.failures.length} checks failed, first ${first.stage} of ${first.case}: ${first.reason}`,
              { subject: op.name },
            );
          }),
        );
      }
    });

    describe("behaviour", () => {
      for (const behaviour of behaviours) {
        test(
          behaviour.name,
          withEngine(async (engine) => {
            const { cell, free } = cellMaker();
            try {
              await behaviour.check(engine, cell);
            } finally {
              free();
            }
          }),
        );
      }
    });

    test(
      `${graphs} random graphs: compiled = uncompiled = op by op`,
      withEngine(async (engine) => {
        for (let i = 0; i < graphs; i++) await checkGraph(engine, randomRecipe(seed + i));
      }),
    );
  });
}
