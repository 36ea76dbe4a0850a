import { inflateGzip, memoryFileSystem, readSafetensors, sha256, writeSafetensors } from "@gradus/io";
import { describe, expect, it } from "vitest";
import { digits, loader, mnist, readImage } from "./index.ts";

describe("in a page", () => {
  it("digits are the same set as in Node, and load in batches", async () => {
    const set = digits({ split: "train", count: 100, seed: 1 });
    expect(sha256(set.images)).toBe("0ec425a264e8a23829e6f729d3f4041a16fc588b1a0992f80ef69253d56c4dc6");
    let samples = 0;
    for await (const { image, size } of loader(set, { batchSize: 32, seed: 1 })) {
      expect(image.shape).toEqual([size, 1, 28, 28]);
      samples += size;
    }
    expect(samples).toBe(100);
  });

  it("safetensors are written and read in a file system in memory", async () => {
    const fs = memoryFileSystem();
    const tensor = { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } as const;
    await writeSafetensors(fs, "/m.safetensors", new Map([["w", tensor]]));
    await using file = await readSafetensors({ fs, path: "/m.safetensors" });
    expect(await file.get("w")).toEqual(tensor);
  });

  it("gzip inflates within its budget, and a bomb does not", async () => {
    const pack = async (bytes: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
    expect(await inflateGzip(await pack(new Uint8Array([1, 2, 3])), { maxBytes: 3 })).toEqual(new Uint8Array([1, 2, 3]));
    await expect(inflateGzip(await pack(new Uint8Array(16 << 20)), { maxBytes: 1 << 20 })).rejects.toMatchObject({ code: "gzip/bomb" });
    await expect(inflateGzip((await pack(new Uint8Array(9))).subarray(0, 12), { maxBytes: 9 })).rejects.toMatchObject({
      code: "gzip/corrupt",
    });
  });

  it("a picture drawn on a canvas is read as grey", async () => {
    const canvas = new OffscreenCanvas(56, 56);
    const context = canvas.getContext("2d");
    context?.fillRect(14, 14, 28, 28);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    const { pixels } = await readImage(bytes);
    // Black on transparent, shown on white and turned: light in the middle, dark at the rim.
    expect([pixels[0], pixels[14 * 28 + 14]]).toEqual([0, 255]);
  });

  it("a missing set is a typed error there too", async () => {
    await expect(mnist({ folder: "/absent", fs: memoryFileSystem() })).rejects.toMatchObject({ code: "data/missing-file" });
  });
});
