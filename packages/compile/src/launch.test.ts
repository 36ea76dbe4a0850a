import { add, BackendError, type HostData, hostLike, mul, State, sum, useRuntime } from "@gradus/tensor";
import { afterEach, expect, test } from "vitest";
import { compile } from "./compile.ts";
import { Engine } from "./engine.ts";
import { cacheLine } from "./memory.ts";
import { bytesOf, type Executable, type Plan } from "./plan.ts";

afterEach(() => void useRuntime(null));

/** A backend that computes by itself, all zeros, and cannot prepare plans without results. */
function engineWithoutSilentPlans(): Engine {
  const prepare = async (plan: Plan): Promise<Executable> => {
    if (plan.outputs.length === 0) throw new BackendError("test/silent", "a plan without results", { subject: "test" });
    const results = plan.outputs.flatMap((at): HostData[] => (plan.buffers[at] === undefined ? [] : [hostLike(plan.buffers[at])]));
    return { run: async () => results, free: () => {} };
  };
  return new Engine({
    name: "test",
    threads: 1,
    alignment: cacheLine,
    sideBySide: false,
    rowAlignment: 1,
    sweeping: null,
    takesHalves: false,
    prepare,
    prepareTimed: prepare,
    allocate: (aval) => ({ bytes: bytesOf(aval), write: () => {}, read: () => hostLike(aval), free: () => {} }),
    memory: () => ({ bytes: 0, peakBytes: 0 }),
    dispose: () => {},
  });
}

test("a compiled step fails if updates recorded before it could not be carried out", async () => {
  useRuntime(engineWithoutSilentPlans());
  const w = new State({ shape: [2], dtype: "float32" }, "w");
  const step = compile(() => sum(mul(w, 2)));
  await expect(step().item()).resolves.toBe(0);
  w.assign(add(w, 1));
  await expect(step().item()).rejects.toMatchObject({ code: "test/silent" });
});
