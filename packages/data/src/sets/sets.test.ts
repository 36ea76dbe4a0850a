import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { fetchNetwork, memoryClock, memoryFileSystem, nodeFileSystem, sha256, type MemoryFileSystem } from "@gradus/io";
import { describe, expect, it } from "vitest";
import { encodeIdx, loadIdxSet, mnist, fashionMnist, type IdxSet } from "../index.ts";

const images = (count: number) =>
  encodeIdx(
    [count, 2, 2],
    Uint8Array.from({ length: 4 * count }, (_, i) => i),
  );
const labels = (...values: number[]) => encodeIdx([values.length], new Uint8Array(values));
const files = {
  "train-images-idx3-ubyte": images(3),
  "train-labels-idx1-ubyte": labels(0, 9, 5),
  "t10k-images-idx3-ubyte": images(2),
  "t10k-labels-idx1-ubyte": labels(1, 2),
};

async function folderOf(contents: Record<string, Uint8Array>): Promise<MemoryFileSystem> {
  const fs = memoryFileSystem();
  await fs.makeFolder("/mnist");
  for (const [name, bytes] of Object.entries(contents)) {
    const file = await fs.create(`/mnist/${name}`);
    await file.write(bytes);
    await file.close();
  }
  return fs;
}

describe("a set from a folder", () => {
  it("reads four files, gzipped or not", async () => {
    const mixed = Object.fromEntries(
      Object.entries(files).map(([name, bytes], at) => (at % 2 === 0 ? [name, bytes] : [`${name}.gz`, new Uint8Array(gzipSync(bytes))])),
    );
    const { train, test } = await mnist({ folder: "/mnist", fs: await folderOf(mixed) });
    expect([train.length, test.length, train.shape, [...train.labels], [...test.images]]).toEqual([
      3,
      2,
      [1, 2, 2],
      [0, 9, 5],
      [0, 1, 2, 3, 4, 5, 6, 7],
    ]);
    expect([
      train.description,
      train.classes[9],
      (await fashionMnist({ folder: "/mnist", fs: await folderOf(files) })).train.classes[9],
    ]).toEqual(["MNIST, train: 3 images", "9", "Ankle boot"]);
  });

  const rejected: Record<string, Record<string, Uint8Array>> = {
    "a missing file": { ...files, "t10k-labels-idx1-ubyte": new Uint8Array(0) },
    "labels in place of images": { ...files, "train-images-idx3-ubyte": labels(1, 2, 3) },
    "images in place of labels": { ...files, "train-labels-idx1-ubyte": images(3) },
    "one label short": { ...files, "train-labels-idx1-ubyte": labels(1, 2) },
    "a label of 10": { ...files, "train-labels-idx1-ubyte": labels(1, 10, 2) },
    "a truncated file": { ...files, "train-images-idx3-ubyte": images(3).subarray(0, 20) },
  };
  it("says what is wrong with it", async () => {
    const table: string[] = [];
    for (const [label, contents] of Object.entries(rejected)) {
      const fs = await folderOf(contents);
      if (label === "a missing file") await fs.remove("/mnist/t10k-labels-idx1-ubyte");
      const error = (await mnist({ folder: "/mnist", fs }).catch((thrown: unknown) => thrown)) as { code: string; sentence: string };
      table.push(`${label} | ${error.code} | ${error.sentence}`);
    }
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "a missing file | data/missing-file | /mnist holds neither t10k-labels-idx1-ubyte.gz nor t10k-labels-idx1-ubyte
      labels in place of images | data/images | images are uint8 [n, h, w] and the file holds uint8 [3]
      images in place of labels | data/labels | labels are uint8 [n] and the file holds uint8 [3, 2, 2]
      one label short | data/label-count | there are 3 images and 2 labels
      a label of 10 | data/label-range | label 10 of image 1 is none of the 10 classes
      a truncated file | idx/truncated | its sizes [3, 2, 2] take 12 bytes and 4 follow them"
    `);
  });
});

describe("a set downloaded", () => {
  it("comes from a server on this machine, resumes, is checked against its sums, and is kept", async () => {
    const packed = new Map(Object.entries(files).map(([name, bytes]) => [`/${name}.gz`, new Uint8Array(gzipSync(bytes))]));
    const requests: string[] = [];
    const server = createServer(({ url = "", headers }, response) => {
      const bytes = packed.get(url) ?? new Uint8Array(0);
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
      requests.push(`${url} ${from}`);
      const cut = from === 0 && url.includes("train-images");
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": bytes.length - from,
        ...(from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
      });
      if (cut) response.write(bytes.subarray(0, 20), () => setTimeout(() => response.destroy(), 20));
      else response.end(bytes.subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const bound = server.address();
      const mirrors = [`http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}/`];
      const fs = memoryFileSystem();
      const source = { cache: "/cache", fs, mirrors, network: fetchNetwork(), clock: memoryClock(), allowHttpFromLoopback: true };
      const { train, test } = await loadIdxSet(pinned(), source);
      expect([train.length, test.length]).toEqual([3, 2]);
      expect(requests).toEqual([
        "/train-images-idx3-ubyte.gz 0",
        "/train-images-idx3-ubyte.gz 20",
        "/train-labels-idx1-ubyte.gz 0",
        "/t10k-images-idx3-ubyte.gz 0",
        "/t10k-labels-idx1-ubyte.gz 0",
      ]);
      await loadIdxSet(pinned(), source);
      expect(requests).toHaveLength(5);
      expect(fs.files()).toEqual([...packed.keys()].map((name) => `/cache${name}`).sort());
      // MNIST's own sums must refuse these files, and nothing of them may stay.
      const wrong = memoryFileSystem();
      await expect(mnist({ ...source, fs: wrong })).rejects.toMatchObject({ code: "network/checksum" });
      expect(wrong.files()).toEqual([]);
    } finally {
      server.close();
    }
  });
});

/** The small files above as a set, pinned by their contents. */
function pinned(): IdxSet {
  const file = (name: keyof typeof files) => ({
    name,
    pin: { of: "contents", sha256: sha256(files[name]), bytes: files[name].length } as const,
    maxBytes: 1000,
  });
  return {
    title: "Tiny",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mean: 0,
    std: 1,
    mirrors: [],
    train: { images: file("train-images-idx3-ubyte"), labels: file("train-labels-idx1-ubyte") },
    test: { images: file("t10k-images-idx3-ubyte"), labels: file("t10k-labels-idx1-ubyte") },
  };
}

const shared = process.env["GRADUS_SHARED"] ?? fileURLToPath(new URL("../../../../../shared", import.meta.url));
const realFolder = `${shared}/data/mnist`;

describe("MNIST itself", () => {
  it("matches its pinned sums, first labels, mean and deviation", async ({ skip }) => {
    skip(!existsSync(realFolder), "shared/ is not beside the checkout");
    // As a cache, with no network: every file must match its pin or a download would be tried.
    const offline = { get: () => Promise.reject(new Error("a file did not match its pin")) };
    const { train, test } = await mnist({ cache: realFolder, fs: nodeFileSystem(), network: offline });
    expect([train.length, test.length, train.shape]).toEqual([60_000, 10_000, [1, 28, 28]]);
    expect([[...train.labels.subarray(0, 10)], [...test.labels.subarray(0, 10)]]).toEqual([
      [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
      [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
    ]);
    let sum = 0;
    let squares = 0;
    for (const value of train.images) {
      sum += value;
      squares += value * value;
    }
    const mean = sum / train.images.length / 255;
    expect(mean).toBeCloseTo(train.mean[0] ?? 0, 3);
    expect(Math.sqrt(squares / train.images.length / 255 ** 2 - mean ** 2)).toBeCloseTo(train.std[0] ?? 0, 3);
  });
});
