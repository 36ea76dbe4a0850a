import { BackendError, type Facts } from "@gradus/tensor";
import type { DeviceMemory } from "./device-memory.ts";
import { usage } from "./usage.ts";

/** Device memory that plans share, because runs follow each other: as large as the largest of them needs. */
export class Region {
  readonly #memory: DeviceMemory;
  readonly #name: string;
  #buffer: GPUBuffer | null = null;
  /** Changes when the buffer does: what was bound to the old one is to be bound again. */
  generation = 0;

  constructor(memory: DeviceMemory, name: string) {
    this.#memory = memory;
    this.#name = name;
  }

  get buffer(): GPUBuffer {
    if (this.#buffer === null) throw new BackendError("webgpu/region", `the ${this.#name} was used before it was reserved`);
    return this.#buffer;
  }

  /** @throws MemoryError if the device cannot have so large a buffer. */
  reserve(bytes: number, facts: Facts): void {
    if (bytes === 0 || (this.#buffer !== null && this.#buffer.size >= bytes)) return;
    this.release();
    this.#buffer = this.#memory.create(bytes, usage.storage | usage.copySource | usage.copyTarget, { label: this.#name, facts });
    this.generation++;
  }

  release(): void {
    if (this.#buffer === null) return;
    this.#memory.destroy(this.#buffer);
    this.#buffer = null;
  }
}
