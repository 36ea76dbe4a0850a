import { ReferenceBackend } from "@gradus/reference";
import * as runner from "vitest";
import { testBackend } from "./test-backend.ts";

testBackend(runner, () => new ReferenceBackend(), { name: "reference" });
testBackend(runner, () => new ReferenceBackend({ planned: true }), { name: "reference in planned memory", ops: [] });
testBackend(runner, () => new ReferenceBackend({ planned: true, rowByRow: true }), {
  name: "reference in sweeps, the last row first",
  ops: [],
  seed: 700,
});
testBackend(runner, () => new ReferenceBackend({ planned: true, sideBySide: true }), {
  name: "reference in waves, backwards",
  ops: [],
  seed: 500,
});
