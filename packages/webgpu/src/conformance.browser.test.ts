import { testBackend } from "@gradus/conformance";
import * as runner from "vitest";
import { WebgpuBackend } from "./backend.ts";

testBackend(
  { ...runner, describe: (name, register) => runner.describe(name, { timeout: 300_000 }, register) },
  async () => WebgpuBackend.create(),
  {
    name: "the suite every backend passes, in a page",
    graphs: 10,
  },
);
