import { StorageError } from "@gradus/tensor";
import { describe, expect, it } from "vitest";
import { atomicWrite, Faults, faultyFileSystem, memoryFileSystem, readFile, storageError } from "./index.ts";

const older = new Uint8Array(100).fill(1);
const newer = [new Uint8Array(60).fill(2), new Uint8Array(70).fill(3)];
const whole = new Uint8Array(newer.flatMap((chunk) => [...chunk]));

async function withOlder(capacity?: number) {
  const fs = memoryFileSystem(capacity === undefined ? {} : { capacity });
  await fs.makeFolder("/models");
  await fs.syncFolder("/");
  await atomicWrite(fs, "/models/m", [older]);
  return fs;
}

describe("atomicWrite", () => {
  it("fails at the n-th call, for every n: the earlier bytes or the new ones, and no temporary", async () => {
    let n = 0;
    for (; ; n++) {
      const fs = await withOlder();
      const faults = new Faults({ failAt: n, error: () => storageError("failed", "/models/m", { action: "test" }) });
      const outcome = await atomicWrite(faultyFileSystem(fs, faults), "/models/m", newer, { bytes: 130 }).then(
        () => "written",
        (error: unknown) => error,
      );
      if (!faults.fired) {
        expect(outcome).toBe("written");
        break;
      }
      expect(outcome).toBeInstanceOf(StorageError);
      expect(fs.files()).toEqual(["/models/m"]);
      expect([older, whole]).toContainEqual(await readFile(fs, "/models/m", 1000));
    }
    expect(n).toBe(8);
  });

  it.each(["all", "contents"] as const)(
    "is killed at the n-th call with the power cut (%s), for every n: one of the two is whole",
    async (lose) => {
      const seen = new Set<number>();
      for (let n = 0; ; n++) {
        const fs = await withOlder();
        const faults = new Faults({ failAt: n, lasts: "forever", error: () => new Error("killed") });
        await atomicWrite(faultyFileSystem(fs, faults), "/models/m", newer).catch(() => {});
        fs.powerCut(lose);
        const found = await readFile(fs, "/models/m", 1000);
        expect([older, whole]).toContainEqual(found);
        seen.add(found.length);
        if (!faults.fired) break;
      }
      expect([...seen].sort()).toEqual([older.length, whole.length].sort());
    },
  );

  it("reports a full disk before it writes, and one that fills while it writes, with needed and free", async () => {
    const early = await withOlder(150);
    await expect(atomicWrite(early, "/models/m", newer, { bytes: 130 })).rejects.toThrowErrorMatchingInlineSnapshot(`
      [StorageError: cannot write /models/m: no space is left on the device
        path: /models/m
        needed: 130
        free: 50
        hint: free some space or write to another folder
        code: storage/full]
    `);
    const late = await withOlder(180);
    await expect(atomicWrite(late, "/models/m", newer)).rejects.toMatchObject({
      code: "storage/full",
      facts: { path: "/models/m", needed: 70, free: 20 },
    });
    expect(late.files()).toEqual(["/models/m"]);
    expect(await readFile(late, "/models/m", 1000)).toEqual(older);
  });

  it("removes the temporary when the chunks' source throws", async () => {
    const fs = await withOlder();
    const broken = (function* () {
      yield older;
      throw new Error("the model vanished");
    })();
    await expect(atomicWrite(fs, "/models/m", broken)).rejects.toThrow("the model vanished");
    expect(fs.files()).toEqual(["/models/m"]);
  });
});
