import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileSystem, joinPath, memoryFileSystem, nodeFileSystem, readChunks, readFile } from "../index.ts";

const bytes = (...values: number[]) => new Uint8Array(values);
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradus-fs-"));
});
afterAll(() => rm(folder, { recursive: true }));

const systems: Record<string, () => FileSystem> = { node: nodeFileSystem, memory: memoryFileSystem };

describe.each(Object.entries(systems))("the %s file system", (_, make) => {
  const fs = make();
  beforeAll(() => fs.makeFolder(folder));
  const at = (name: string) => joinPath(folder, name);
  const put = async (name: string, data: Uint8Array) => {
    const file = await fs.create(at(name));
    await file.write(data);
    await file.sync();
    await file.close();
  };
  const code = (call: Promise<unknown>) =>
    call.then(
      () => "no error",
      (error: { code: string }) => error.code,
    );

  it("creates, reads at offsets, appends, renames over, lists and removes", async () => {
    await fs.makeFolder(at("a/b"));
    await put("a/b/x", bytes(1, 2, 3));
    const more = await fs.append(at("a/b/x"));
    await more.write(bytes(4));
    await more.close();
    const file = await fs.open(at("a/b/x"));
    expect([file.size, await file.read(1, 2)]).toEqual([4, bytes(2, 3)]);
    expect(await code(file.read(3, 2))).toBe("storage/short");
    await file.close();
    await put("a/b/y", bytes(9));
    await fs.rename(at("a/b/y"), at("a/b/x"));
    expect(await fs.list(at("a/b"))).toEqual(["x"]);
    expect(await readFile(fs, at("a/b/x"), 1)).toEqual(bytes(9));
    expect(await fs.stat(at("a"))).toEqual({ kind: "folder", size: 0 });
    expect(await fs.stat(at("a/b/x"))).toEqual({ kind: "file", size: 1 });
    await fs.syncFolder(at("a/b"));
    await fs.remove(at("a"));
    await fs.remove(at("a"));
    expect(await fs.stat(at("a/b/x"))).toBeNull();
  });

  it("reads in chunks from an offset", async () => {
    await put("chunks", bytes(0, 1, 2, 3, 4));
    const chunks = [];
    for await (const chunk of readChunks(fs, at("chunks"), { offset: 1, chunkBytes: 3 })) chunks.push([...chunk]);
    expect(chunks).toEqual([[1, 2, 3], [4]]);
  });

  it("says what kind of failure it was", async () => {
    await put("there", bytes(1, 2));
    await fs.makeFolder(at("folder"));
    expect(await code(fs.open(at("absent")))).toBe("storage/missing");
    expect(await code(fs.create(at("there")))).toBe("storage/exists");
    expect(await code(fs.create(at("no/such/folder")))).toBe("storage/missing");
    expect(await code(fs.open(at("folder")))).toBe("storage/kind");
    expect(await code(fs.list(at("absent")))).toBe("storage/missing");
    expect(await code(fs.rename(at("absent"), at("x")))).toBe("storage/missing");
    expect(await code(fs.makeFolder(at("there")))).toMatch(/storage\/(kind|exists)/);
    expect(await code(readFile(fs, at("there"), 1))).toBe("storage/too-large");
  });
});

describe("what only one of them has", () => {
  it("node: free bytes of a path that does not exist yet", async () => {
    expect(await nodeFileSystem().freeBytes(join(folder, "not/yet"))).toBeGreaterThan(0);
  });

  it("memory: a full disk carries the bytes needed and free", async () => {
    const fs = memoryFileSystem({ capacity: 10 });
    const file = await fs.create("/x");
    await file.write(new Uint8Array(8));
    await expect(file.write(new Uint8Array(5))).rejects.toMatchObject({ code: "storage/full", facts: { path: "/x", needed: 5, free: 2 } });
  });

  it("memory: a power cut keeps what was synced and loses the rest", async () => {
    const fs = memoryFileSystem();
    const write = async (path: string, sync: boolean) => {
      const file = await fs.create(path);
      await file.write(bytes(1, 2));
      if (sync) await file.sync();
      await file.close();
    };
    await write("/synced", true);
    await fs.syncFolder("/");
    await write("/unnamed", true);
    await write("/empty", false);
    fs.powerCut("contents");
    expect(fs.files()).toEqual(["/empty", "/synced", "/unnamed"]);
    expect([(await fs.stat("/empty"))?.size, (await fs.stat("/synced"))?.size]).toEqual([0, 2]);

    await write("/later", true);
    fs.powerCut("all");
    expect(fs.files()).toEqual(["/empty", "/synced", "/unnamed"]);
  });

  it("memory: a synced folder renamed into place survives with what it holds", async () => {
    const fs = memoryFileSystem();
    await fs.makeFolder("/.tmp-step");
    const file = await fs.create("/.tmp-step/weights");
    await file.write(bytes(7));
    await file.sync();
    await fs.syncFolder("/.tmp-step");
    await fs.rename("/.tmp-step", "/step");
    await fs.syncFolder("/");
    fs.powerCut("all");
    expect(fs.files()).toEqual(["/step/weights"]);
    expect(await readFile(fs, "/step/weights", 10)).toEqual(bytes(7));
  });
});
