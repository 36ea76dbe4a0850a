import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Faults, faultyFileSystem, type MemoryFileSystem, memoryFileSystem, storageError } from "@gradus/io";
import { StorageError, useRuntime } from "@gradus/tensor";
import { type Checkpoint, checkpointFile, checkpointFolder, epochs, loadModel, steps } from "../index.ts";
import { install, tinyImages, tinyTrainer } from "../tiny.test.support.ts";

const points: Checkpoint[] = [];

beforeAll(async () => {
  install("reference");
  const { trainer } = tinyTrainer();
  const save = async (checkpoint: Checkpoint) => void points.push(checkpoint);
  await trainer.fit({ train: tinyImages(20), validation: tinyImages(6, 50), length: epochs(4), saveEvery: steps(2), save: { path: "memory", save } });
});
afterAll(() => void useRuntime(null));

function point(i: number): Checkpoint {
  const found = points[i];
  if (found === undefined) throw new RangeError(`only ${points.length} checkpoints`);
  return found;
}

const full = () => storageError("full", "/somewhere", { action: "write", needed: 1, free: 0 });

/** Saves again and again, each time with the next call failing, until none fails. */
async function failEveryCall(
  start: () => Promise<MemoryFileSystem>,
  save: (fs: ReturnType<typeof faultyFileSystem>) => Promise<void>,
  check: (fs: MemoryFileSystem, error: unknown) => Promise<void>,
): Promise<number> {
  for (let failAt = 0; ; failAt++) {
    const fs = await start();
    const faults = new Faults({ failAt, error: full });
    let error: unknown = null;
    await save(faultyFileSystem(fs, faults)).catch((thrown: unknown) => (error = thrown));
    if (!faults.fired) return failAt;
    await check(fs, error);
  }
}

describe("a folder of checkpoints", () => {
  it("keeps the earlier one whatever call fails, removes what was half-built, and says path and bytes", async () => {
    const calls = await failEveryCall(
      async () => {
        const fs = memoryFileSystem();
        await checkpointFolder("/run", { fs }).save(point(0));
        return fs;
      },
      (fs) => checkpointFolder("/run", { fs, keep: { last: 2 } }).save(point(1)),
      async (fs, error) => {
        const found = await checkpointFolder("/run", { fs }).latest();
        // Only a failure to look at older ones goes unreported: they stay.
        if (error === null) expect(found?.checkpoint).toEqual(point(1));
        else expect(error).toBeInstanceOf(StorageError);
        expect([point(0), point(1)]).toContainEqual(found?.checkpoint);
        expect(fs.files().filter((path) => path.includes(".tmp-"))).toEqual([]);
      },
    );
    expect(calls).toBeGreaterThan(15);
  });

  it("also where the same step is saved again", async () => {
    await failEveryCall(
      async () => {
        const fs = memoryFileSystem();
        await checkpointFolder("/run", { fs }).save(point(0));
        return fs;
      },
      (fs) => checkpointFolder("/run", { fs }).save({ ...point(0), best: point(0).weights }),
      async (fs) => {
        const found = await checkpointFolder("/run", { fs }).latest();
        expect([null, point(0).weights]).toContainEqual(found?.checkpoint.best);
        expect(found?.checkpoint.weights).toEqual(point(0).weights);
      },
    );
  });

  it("names the checkpoint, the bytes it needs and those free on a full disk", async () => {
    const outcomes = new Set<string>();
    for (let capacity = 100; capacity < 8000; capacity += 300) {
      const fs = memoryFileSystem({ capacity });
      const error: unknown = await checkpointFolder("/run", { fs })
        .save(point(0))
        .catch((thrown: unknown) => thrown);
      outcomes.add(error === undefined ? "saved" : "full");
      if (error === undefined) continue;
      expect(error).toMatchObject({ code: "storage/full", facts: { path: "/run/step-00000002", needed: expect.any(Number), free: expect.any(Number) } });
      expect(fs.files()).toEqual([]);
    }
    expect([...outcomes]).toEqual(["full", "saved"]);
  });

  it("is whole or absent after a power cut at any call", async () => {
    for (const lose of ["all", "contents"] as const) {
      await failEveryCall(
        async () => {
          const fs = memoryFileSystem();
          await fs.makeFolder("/run");
          await fs.syncFolder("/");
          await checkpointFolder("/run", { fs }).save(point(0));
          return fs;
        },
        (fs) => checkpointFolder("/run", { fs }).save(point(1)),
        async (fs) => {
          fs.powerCut(lose);
          const found = await checkpointFolder("/run", { fs }).latest();
          expect([point(0), point(1)]).toContainEqual(found?.checkpoint);
        },
      );
    }
  });

  it("reads the newest that verifies and reports those it passed over", async () => {
    const fs = memoryFileSystem();
    const folder = checkpointFolder("/run", { fs, keep: { last: 5 } });
    expect(await folder.latest()).toBeNull();
    for (const i of [0, 1, 2]) await folder.save(point(i));
    const flip = async (path: string) => {
      const file = await fs.open(path);
      const bytes = await file.read(0, file.size);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await fs.remove(path);
      await (await fs.create(path)).write(bytes);
    };
    await flip("/run/step-00000006/weights.safetensors");
    await fs.remove("/run/step-00000004/manifest.json");
    const found = await folder.latest();
    expect(found?.checkpoint).toEqual(point(0));
    expect(found?.skipped.map(({ path, error }) => [path, error.code])).toEqual([
      ["/run/step-00000006", "checkpoint/damaged"],
      ["/run/step-00000004", "storage/missing"],
    ]);
  });

  it("keeps the last, the best and every n-th, and leaves what is not its own", async () => {
    const fs = memoryFileSystem();
    await fs.makeFolder("/run/step-00000001");
    await fs.makeFolder("/run/notes");
    const folder = checkpointFolder("/run", { fs, keep: { last: 2, best: 0, every: steps(6) } });
    for (const checkpoint of points) await folder.save(checkpoint);
    expect(await fs.list("/run")).toEqual(["notes", "step-00000001", "step-00000006", "step-00000010", "step-00000012"]);
    const bests = memoryFileSystem();
    const best = point(0).state;
    for (const checkpoint of points) {
      const state = { ...checkpoint.state, best: { epoch: 1, step: 4, value: 1 } };
      await checkpointFolder("/run", { fs: bests, keep: { last: 1, best: 1 } }).save({ ...checkpoint, state });
    }
    expect(best.step).toBe(2);
    expect(await bests.list("/run")).toEqual(["step-00000004", "step-00000012"]);
  });

  it("clears what a killed run left half-built", async () => {
    const fs = memoryFileSystem();
    await fs.makeFolder("/run/.tmp-step-00000001-0123abcd");
    await fs.makeFolder("/run/.tmp-of-someone-else");
    await checkpointFolder("/run", { fs }).save(point(0));
    expect(await fs.list("/run")).toEqual([".tmp-of-someone-else", "step-00000002"]);
  });
});

describe("a run in one file", () => {
  it("is the earlier one whatever call fails", async () => {
    await failEveryCall(
      async () => {
        const fs = memoryFileSystem();
        await checkpointFile("/run.safetensors", { fs }).save(point(0));
        return fs;
      },
      (fs) => checkpointFile("/run.safetensors", { fs }).save(point(1)),
      async (fs, error) => {
        expect(error).toMatchObject({ facts: { path: expect.any(String) } });
        const { checkpoint } = await loadModel("/run.safetensors", { fs });
        expect([point(0), point(1)]).toContainEqual(checkpoint);
        expect(fs.files()).toEqual(["/run.safetensors"]);
      },
    );
  });
});
