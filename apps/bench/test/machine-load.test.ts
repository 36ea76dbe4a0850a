import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { MachineLoad } from "../src/machine-load.ts";

/** Says a word, computes for half a second of processor time, says another and waits. */
const work = `
  console.log("begun");
  while (process.cpuUsage().user < 6e5);
  console.log("done");
  setTimeout(() => {}, 60_000);
`;

test("work of a library's process is not others' work, and that of an unknown one is", async (context) => {
  if (!existsSync("/proc/stat")) context.skip("this system has no /proc/stat");
  const child = spawn(process.execPath, ["-e", work]);
  const pid = child.pid ?? expect.unreachable();
  await once(child.stdout, "data");
  const [known, unknown] = [new MachineLoad(), new MachineLoad()];
  known.begin([pid]);
  unknown.begin([]);
  await once(child.stdout, "data");
  const [without, all] = [known.othersShare([pid]) ?? expect.unreachable(), unknown.othersShare([]) ?? expect.unreachable()];
  child.kill();
  expect(without).toBeGreaterThanOrEqual(0);
  expect(all).toBeGreaterThan(without);
  expect(all).toBeLessThanOrEqual(1);
  expect(new MachineLoad().othersShare([])).toBeNull();
});
