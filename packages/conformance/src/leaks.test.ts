import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { add, State } from "@gradus/tensor";
import { expect, test } from "vitest";
import { checkLeaks } from "./leaks.ts";

test("a step leaves nothing behind once its state is freed, and a leak when it is not", async () => {
  const engine = new Engine(new ReferenceBackend());
  const done = checkLeaks(engine);
  const state = new State({ shape: [4], dtype: "float32" }, "w");
  state.assign(add(state, 1));
  await engine.evaluate([]);
  expect(done).toThrow("checkLeaks: 16 bytes are held, and 0 were before: 16 leaked");
  state.free();
  done();
});
