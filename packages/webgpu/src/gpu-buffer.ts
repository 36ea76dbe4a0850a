import { bytesOf, type DeviceBuffer } from "@gradus/compile";
import type { Aval, HostData } from "@gradus/tensor";
import { copyIn, copyOut } from "./host-copies.ts";
import { wholeWords } from "./layout.ts";
import type { Shared } from "./shared.ts";
import { usage } from "./usage.ts";

/** A state cell's or a kept tensor's own buffer. */
export class GpuBuffer implements DeviceBuffer {
  readonly bytes: number;
  readonly buffer: GPUBuffer;
  readonly #shared: Shared;
  readonly #aval: Aval;
  #freed = false;

  constructor(shared: Shared, aval: Aval, label: string) {
    this.#shared = shared;
    this.#aval = aval;
    this.bytes = bytesOf(aval);
    this.buffer = shared.memory.create(wholeWords(this.bytes), usage.storage | usage.copySource | usage.copyTarget, {
      label,
      facts: { tensor: `${label} ${aval.dtype}[${aval.shape.join(", ")}]` },
    });
  }

  write(data: HostData): void {
    copyIn(this.#shared.device.queue, this.buffer, 0, data);
  }

  async read(): Promise<HostData> {
    const { device, readback, faults, memory } = this.#shared;
    faults.check();
    memory.check();
    const bytes = wholeWords(this.bytes);
    const target = readback.take(bytes);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffer, 0, target, 0, bytes);
    device.queue.submit([encoder.finish()]);
    try {
      return await readback.read(target, bytes, (mapped) => copyOut(mapped, 0, this.#aval));
    } catch (cause) {
      throw await faults.explain(cause);
    }
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#shared.memory.destroy(this.buffer);
  }
}
