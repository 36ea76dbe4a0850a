import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkGraph } from "./check-graph.ts";
import type { Recipe } from "./random-graph.ts";

const cases = Math.min(2000, Math.max(50, Math.floor(Number(process.env["GRADUS_FUZZ_CASES"] ?? 12_000) / 20)));
const number = fc.nat({ max: 59 });
const recipes: fc.Arbitrary<Recipe> = fc.record({
  nodes: fc.array(fc.tuple(number, number, number, number), { minLength: 1, maxLength: 40, size: "max" }),
  outputs: fc.array(number, { minLength: 1, maxLength: 3 }),
  gradients: fc.boolean(),
});

test(`compiled = uncompiled = op by op, with gradients and state updates (${cases} random graphs)`, { timeout: 300_000 }, async () => {
  const engine = new Engine(new ReferenceBackend({ planned: true }));
  await fc.assert(
    fc.asyncProperty(recipes, async (recipe) => {
      await checkGraph(engine, recipe);
      engine.clear();
      expect(engine.backend.memory().bytes).toBe(0);
    }),
    { numRuns: cases, seed: 20240817 },
  );
});
