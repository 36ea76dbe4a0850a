import { MemoryError } from "@gradus/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

const memoryOf = (pages = 1): WebAssembly.Memory => new WebAssembly.Memory({ initial: pages, maximum: 65_536 });

test("blocks never overlap, stand on cache lines inside memory, and joined free space is used again", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 5_000 }), fc.nat()), { maxLength: 200, size: "max" }), (actions) => {
      const memory = memoryOf();
      const heap = new Heap(memory);
      const live: { address: number; end: number; size: number }[] = [];
      let most = 0;
      for (const [allocate, bytes, which] of actions) {
        if (allocate) {
          const address = heap.allocate(bytes, "block");
          const size = Math.max(64, Math.ceil(bytes / 64) * 64);
          expect(address % 64).toBe(0);
          expect(address).toBeGreaterThanOrEqual(1024);
          expect(address + size).toBeLessThanOrEqual(memory.buffer.byteLength);
          expect(live.find((other) => address < other.end && other.address < address + size)).toBeUndefined();
          live.push({ address, end: address + size, size });
        } else if (live.length > 0) {
          const [freed] = live.splice(which % live.length, 1);
          if (freed !== undefined) heap.free(freed.address);
        }
        const held = live.reduce((sum, { size }) => sum + size, 0);
        most = Math.max(most, held);
        expect(heap.bytes).toBe(held);
        expect(heap.peakBytes).toBe(most);
      }
      for (const { address } of live) heap.free(address);
      expect(heap.bytes).toBe(0);
      // With everything given back, one block as large as all of memory fits where the first ones were.
      const before = memory.buffer.byteLength;
      expect(heap.allocate(before - 1024, "everything")).toBe(1024);
      expect(memory.buffer.byteLength).toBe(before);
    }),
    { numRuns: 100, seed: 5 },
  );
});

test("freed neighbours become one block, whatever the order they are freed in", () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 0, 2],
  ]) {
    const heap = new Heap(memoryOf());
    const blocks = [0, 1, 2].map(() => heap.allocate(256, "part"));
    heap.allocate(64, "fence");
    for (const i of order) heap.free(blocks[i] ?? 0);
    expect(heap.allocate(768, "whole")).toBe(blocks[0]);
  }
});

test("freeing twice, or what was never allocated, changes nothing", () => {
  const heap = new Heap(memoryOf());
  const block = heap.allocate(100, "a");
  heap.free(block);
  heap.free(block);
  heap.free(4096);
  expect(heap.bytes).toBe(0);
});

test("memory grows only as far as it must, and beyond the limit the error names what asked", () => {
  const memory = memoryOf();
  const heap = new Heap(memory, 200_000);
  const first = heap.allocate(150_000, "weights float32[37500]");
  expect(memory.buffer.byteLength).toBe(3 * 65_536);
  const refused = (): number => heap.allocate(100_000, "gradients float32[25000]");
  expect(refused).toThrow(MemoryError);
  expect(refused).toThrow("no room for gradients float32[25000]: 100000 bytes more than the 150016 held");
  expect(heap.bytes).toBe(150_016);
  heap.free(first);
  expect(refused()).toBe(first);
});

test("a host that cannot grow its memory is the same error, with its reason as the cause", () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 2 }));
  try {
    heap.allocate(1_000_000, "too much");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(MemoryError);
    expect((error as MemoryError).cause).toBeInstanceOf(RangeError);
  }
  expect(heap.allocate(64, "small")).toBe(1024);
});
