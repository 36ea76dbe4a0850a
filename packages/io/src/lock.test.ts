import { describe, expect, it } from "vitest";
import { memoryClock, memoryFileSystem, nodeLockOwner, withLock, type LockOwner } from "./index.ts";

const owner = (id: string, alive: readonly string[]): LockOwner => ({ id, isAlive: async (other) => alive.includes(other) });

describe("withLock", () => {
  it("lets one in at a time and leaves no file", async () => {
    const fs = memoryFileSystem();
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside--;
    };
    const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) };
    await Promise.all(["a", "b", "c"].map((id) => withLock("/x.lock", { fs, clock, owner: owner(id, ["a", "b", "c"]) }, work)));
    expect([most, fs.files()]).toEqual([1, []]);
  });

  it("takes over from a holder that is gone, waits for one that lives, and says who it is", async () => {
    const fs = memoryFileSystem();
    const clock = memoryClock();
    const hold = (id: string, work: () => Promise<string>) =>
      withLock("/x.lock", { fs, clock, owner: owner(id, ["living"]), attempts: 5 }, work);
    const nested = hold("dead", () => hold("second", async () => "taken over"));
    expect(await nested).toBe("taken over");
    await expect(hold("living", () => hold("late", async () => "never"))).rejects.toMatchObject({
      code: "storage/locked",
      facts: { holder: "living" },
    });
    expect(clock.now()).toBe(4 * 500);
    expect(fs.files()).toEqual([]);
  });

  it("gives the lock back when the work fails", async () => {
    const fs = memoryFileSystem();
    const failing = withLock("/x.lock", { fs, clock: memoryClock(), owner: owner("a", []) }, async () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(fs.files()).toEqual([]);
  });

  it("knows which processes of this machine live", async () => {
    const here = await nodeLockOwner();
    const [, host = ""] = here.id.split(" ");
    expect(await here.isAlive(here.id)).toBe(true);
    // Process numbers end at 2^22 on Linux.
    expect(await here.isAlive(`99999999 ${host}`)).toBe(false);
    expect(await here.isAlive("99999999 elsewhere.example")).toBe(true);
  });
});
