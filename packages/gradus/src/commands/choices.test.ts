import { describe, expect, it } from "vitest";
import { gradusHere, jsonLines, scratch } from "../command-line/child.test.support.ts";
import { optimizerNames } from "../command-line/optimizers.ts";
import { makeSchedule, scheduleNames } from "../command-line/schedules.ts";

const small = ["train", "--limit", "512", "--threads", "1", "--json"];

describe("gradus train --optimizer", () => {
  it.each(optimizerNames)("%s learns with its own learning rate", async (name) => {
    const { code, stdout } = await gradusHere([...small, "--epochs", "2", "--optimizer", name]);
    expect(code).toBe(0);
    const [first, second] = jsonLines(stdout).map((line) => Number(line["trainLoss"]));
    expect(second).toBeLessThan(first ?? 0);
  });
});

describe("gradus train --schedule", () => {
  it.each(scheduleNames)("%s keeps between 0 and --lr over the whole run, and after a warm-up", (name) => {
    const clock = { totalSteps: 200, stepsPerEpoch: 20, history: [] };
    for (const warmup of [0, 2]) {
      const schedule = makeSchedule({ schedule: name, learningRate: 0.5, warmup });
      const rates = Array.from({ length: 200 }, (_, step) => schedule({ ...clock, step }));
      expect(Math.min(...rates)).toBeGreaterThan(0);
      expect(Math.max(...rates)).toBeLessThanOrEqual(0.5);
      expect(Math.max(...rates)).toBeGreaterThan(0.49);
      if (warmup > 0) expect(rates[20]).toBeLessThan(rates[39] ?? 0);
    }
  });

  it("goes on with the schedule of the run", async () => {
    const path = scratch("cosine.safetensors");
    const flags = [...small, "--limit", "128"];
    expect(await gradusHere([...flags, "--epochs", "1", "--schedule", "cosine", "--warmup", "1", "--save", path])).toMatchObject({
      code: 0,
    });
    expect(await gradusHere(["train", "--resume", path, "--epochs", "2", "--json"])).toMatchObject({ code: 0 });
    const { code, stderr } = await gradusHere(["train", "--resume", path, "--schedule", "step"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("--schedule cannot change from cosine to step") });
  });
});
