import { MemoryError } from "@gradus/tensor";

/** Every block starts on a cache line. */
const alignment = 64;
const pageBytes = 65_536;
/** The 32-bit limit, less the page at the top that keeps every address plus an offset below 2^32. */
export const mostPages = 65_535;

/** Below this nothing is allocated, so that a null address is never a buffer. */
const reserved = 1024;

/**
 * Blocks of one WebAssembly memory, which grows as they need it.
 *
 * First fit over a sorted free list, neighbours joined when freed. Views over the memory are taken anew after growth.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #most: number;
  readonly #sizes = new Map<number, number>();
  #free: { start: number; end: number }[] = [];
  #top = reserved;
  #held = 0;
  #peak = 0;

  constructor(memory: WebAssembly.Memory, mostBytes = mostPages * pageBytes) {
    this.memory = memory;
    this.#most = Math.min(mostBytes, mostPages * pageBytes);
  }

  get bytes(): number {
    return this.#held;
  }

  get peakBytes(): number {
    return this.#peak;
  }

  /**
   * A block of at least `bytes`, its address a multiple of 64. Contents are whatever was there.
   *
   * @throws MemoryError naming what it was for.
   */
  allocate(bytes: number, label: string): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const at = this.#free.findIndex(({ start, end }) => end - start >= size);
    const block = this.#free[at];
    let address: number;
    if (block !== undefined) {
      address = block.start;
      block.start += size;
      if (block.start === block.end) this.#free.splice(at, 1);
    } else {
      address = this.#extend(size, label, bytes);
    }
    this.#sizes.set(address, size);
    this.#held += size;
    this.#peak = Math.max(this.#peak, this.#held);
    return address;
  }

  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    this.#held -= size;
    const end = address + size;
    let at = this.#free.findIndex(({ start }) => start > address);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { start: address, end });
    this.#join(at);
    this.#join(at - 1);
    const last = this.#free.at(-1);
    if (last?.end === this.#top) {
      this.#top = last.start;
      this.#free.pop();
    }
  }

  #join(at: number): void {
    const [left, right] = [this.#free[at], this.#free[at + 1]];
    if (left === undefined || right === undefined || left.end !== right.start) return;
    left.end = right.end;
    this.#free.splice(at + 1, 1);
  }

  #extend(size: number, label: string, bytes: number): number {
    // A free block at the very top is part of the answer.
    const last = this.#free.at(-1);
    const start = last?.end === this.#top ? last.start : this.#top;
    const end = start + size;
    const present = this.memory.buffer.byteLength;
    if (end > this.#most) this.#refuse(label, bytes, present);
    if (end > present) {
      try {
        this.memory.grow(Math.ceil((end - present) / pageBytes));
      } catch (cause) {
        this.#refuse(label, bytes, present, cause);
      }
    }
    if (start !== this.#top) this.#free.pop();
    this.#top = end;
    return start;
  }

  #refuse(label: string, bytes: number, present: number, cause?: unknown): never {
    throw new MemoryError("memory/exhausted", `no room for ${label}: ${bytes} bytes more than the ${this.#held} held`, {
      subject: "wasm",
      facts: { needed: bytes, held: this.#held, memory: present, limit: this.#most },
      hint: "use a smaller batch, free models no longer needed, or recompute with checkpoint()",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
