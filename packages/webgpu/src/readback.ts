import type { DeviceMemory } from "./device-memory.ts";
import { mapMode, usage } from "./usage.ts";

/** Buffers the host reads through, used again and again: one for each read that is under way. */
export class Readback {
  readonly #memory: DeviceMemory;
  readonly #free: GPUBuffer[] = [];

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  /** A buffer of at least so many bytes, for copies of what is to be read. */
  take(bytes: number): GPUBuffer {
    const at = this.#free.findIndex(({ size }) => size >= bytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    return found ?? this.#memory.create(roomFor(bytes), usage.mapRead | usage.copyTarget, { label: "what the host reads" });
  }

  /** The bytes copied into a buffer that `take` gave, when the device has come so far; the buffer goes back. */
  async read<T>(buffer: GPUBuffer, bytes: number, use: (mapped: ArrayBuffer) => T): Promise<T> {
    await buffer.mapAsync(mapMode.read, 0, bytes);
    try {
      return use(buffer.getMappedRange(0, bytes));
    } finally {
      buffer.unmap();
      this.#free.push(buffer);
      this.#free.sort((a, b) => a.size - b.size);
    }
  }

  /** Gives back every buffer that is not in use. */
  release(): void {
    for (const buffer of this.#free.splice(0)) this.#memory.destroy(buffer);
  }
}

/** Sizes in powers of two, so that reads of about the same size share buffers. */
function roomFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(256, bytes)));
}
