import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostTensor } from "@gradus/tensor";
import { type Dataset, ImageDataset, loader, type LoaderOptions } from "./index.ts";

/** Samples that are their own index, gathered after a wait that varies. */
function counting(length: number, waits = false): Dataset<{ index: HostTensor }> {
  return {
    length,
    gather: async (indices) => {
      if (waits) await new Promise((resolve) => setTimeout(resolve, (indices[0] ?? 0) % 3));
      return { index: { dtype: "int32", shape: [indices.length], data: Int32Array.from(indices) } };
    },
  };
}

async function run(length: number, options: LoaderOptions, waits = false) {
  const batches: number[][] = [];
  const seen: number[] = [];
  const sizes: number[] = [];
  for await (const { index, size, samplesSeen } of loader(counting(length, waits), options)) {
    batches.push([...index.data]);
    seen.push(samplesSeen);
    sizes.push(size);
  }
  return { batches, seen, sizes };
}

describe("loader", () => {
  it("treats the last batch as asked", async () => {
    const plain = { batchSize: 4, shuffle: false };
    expect((await run(10, { ...plain, lastBatch: "keep" })).batches).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect((await run(10, { ...plain, lastBatch: "drop" })).batches).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect((await run(10, { ...plain, lastBatch: "spread" })).batches).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    const padded = [];
    for await (const { index, size, mask } of loader(counting(10), { ...plain, lastBatch: "pad" }))
      padded.push([[...index.data], [...(mask?.data ?? [])], size]);
    expect(padded.at(-1)).toEqual([[8, 9, 8, 8], [1, 1, 0, 0], 2]);
    for (const lastBatch of ["keep", "drop", "pad", "spread"] as const)
      expect((await run(0, { batchSize: 4, lastBatch })).batches).toEqual([]);
    expect((await run(3, { batchSize: 4, lastBatch: "drop" })).batches).toEqual([]);
  });

  it("shows every sample once, spreads sizes within 1, and says how many were seen", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom("keep", "spread"),
        async (length, batchSize, lastBatch) => {
          const { batches, seen, sizes } = await run(length, { batchSize, lastBatch, seed: 5 });
          expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
          expect(sizes).toEqual(batches.map((batch) => batch.length));
          expect(seen.at(-1) ?? 0).toBe(length);
          expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(batchSize);
          if (lastBatch === "spread" && length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          expect(loader(counting(length), { batchSize, lastBatch })).toMatchObject({ batches: batches.length, samples: length });
        },
      ),
    );
  });

  it("orders by seed and epoch alone", async () => {
    const options = { batchSize: 7, seed: 1, epoch: 2 };
    const { batches } = await run(50, options);
    expect((await run(50, options)).batches).toEqual(batches);
    expect((await run(50, { ...options, epoch: 3 })).batches).not.toEqual(batches);
    expect((await run(50, { ...options, seed: 2 })).batches).not.toEqual(batches);
    const moved = [];
    for await (const { index } of loader(counting(50), { ...options, epoch: 9 }).at({ epoch: 2 })) moved.push([...index.data]);
    expect(moved).toEqual(batches);
  });

  it.each([0, 1, 3, 16])("yields the same batches with %i prefetched, from a set that answers out of order", async (prefetch) => {
    const { batches } = await run(40, { batchSize: 3, seed: 1, prefetch: 0 });
    expect((await run(40, { batchSize: 3, seed: 1, prefetch }, true)).batches).toEqual(batches);
  });

  it("starts after any number of samples as if it had yielded them", async () => {
    for (const lastBatch of ["keep", "drop", "spread"] as const) {
      const options = { batchSize: 4, seed: 1, lastBatch } as const;
      const whole = await run(22, options);
      const flat = whole.batches.flat();
      for (let from = 0; from <= flat.length; from++) {
        const rest = await run(22, { ...options, from });
        expect(rest.batches.flat()).toEqual(flat.slice(from));
        expect(rest.seen).toEqual(whole.seen.filter((seen) => seen > from));
      }
    }
  });

  it("passes a failing set on, and lets the consumer leave early while batches are being fetched", async () => {
    const failing: Dataset<{ index: HostTensor }> = { length: 9, gather: () => Promise.reject(new Error("the disk is gone")) };
    await expect(async () => {
      for await (const _ of loader(failing, { batchSize: 1, prefetch: 8 }));
    }).rejects.toThrow("the disk is gone");
    for await (const { index } of loader(counting(9, true), { batchSize: 1, prefetch: 8 })) if (index.shape[0] === 1) break;
  });

  it("says which option is out of range", () => {
    const message = (options: LoaderOptions) => {
      try {
        loader(counting(5), options);
        return "accepted";
      } catch (error) {
        return error instanceof Error ? error.message.split("\n")[0] : "";
      }
    };
    expect(
      [
        { batchSize: 0 },
        { batchSize: 2.5 },
        { batchSize: 1, epoch: -1 },
        { batchSize: 1, from: 6 },
        { batchSize: 1, prefetch: Number.NaN },
      ].map(message),
    ).toMatchInlineSnapshot(`
      [
        "loader: batchSize must be a whole number of at least 1, not 0",
        "loader: batchSize must be a whole number of at least 1, not 2.5",
        "loader: epoch must be a whole number of at least 0, not -1",
        "the epoch has 5 samples and the loader cannot start after 6",
        "loader: prefetch must be a whole number of at least 0, not NaN",
      ]
    `);
  });
});

describe("ImageDataset", () => {
  const images = Uint8Array.from({ length: 3 * 2 * 4 }, (_, i) => i * 10);
  const make = (more: object = {}) =>
    new ImageDataset({
      images,
      labels: new Uint8Array([0, 1, 1]),
      shape: [2, 2, 2],
      classes: ["a", "b"],
      mean: [0.5, 0],
      std: [0.5, 1],
      ...more,
    });

  it("gathers and normalises each channel by its own mean and deviation", () => {
    const { image, label } = make().gather(new Uint32Array([2, 0]));
    expect([image.dtype, image.shape, label.dtype, [...label.data]]).toEqual(["float32", [2, 2, 2, 2], "int32", [1, 0]]);
    const expected = [16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7].map((i, at) =>
      Math.fround(at % 8 < 4 ? ((i * 10) / 255 - 0.5) / 0.5 : (i * 10) / 255),
    );
    expect([...image.data]).toEqual(expected);
  });

  it("gives each batch arrays of its own", () => {
    const set = make();
    const [first, second] = [set.gather(new Uint32Array([0])), set.gather(new Uint32Array([0]))];
    first.image.data.fill(9);
    expect(second.image.data).not.toEqual(first.image.data);
    expect(set.gather(new Uint32Array([0]))).toEqual(second);
  });

  it("slices without copying", () => {
    const part = make().slice(1);
    expect([part.length, [...part.labels], part.images.buffer === images.buffer, make().slice(5).length]).toEqual([2, [1, 1], true, 0]);
    expect(part.gather(new Uint32Array([1]))).toEqual(make().gather(new Uint32Array([2])));
  });

  it("refuses sizes that disagree, labels without a class and indices without an image", () => {
    expect(() => make({ labels: new Uint8Array(4) })).toThrow("24 bytes are not 4 images of [2, 2, 2]");
    expect(() => make({ labels: new Uint8Array([0, 1, 2]) })).toThrow("label 2 of image 2 is none of the 2 classes");
    expect(() => make({ std: [1, 0] })).toThrow("std above 0");
    expect(() => make().gather(new Uint32Array([3]))).toThrow("there is no image 3 among 3");
  });
});
