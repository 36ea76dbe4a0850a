import { type Facts, MemoryError } from "@gradus/tensor";
import type { DeviceLimits } from "./device.ts";

/** Every buffer of the device, counted. */
export class DeviceMemory {
  readonly #device: GPUDevice;
  readonly #most: number;
  bytes = 0;
  peakBytes = 0;
  /** Buffers made since the device was opened. */
  created = 0;
  /** The first allocation that the device turned out to have no room for. */
  #refused: MemoryError | null = null;

  constructor(device: GPUDevice, { maxBufferSize }: DeviceLimits) {
    this.#device = device;
    this.#most = maxBufferSize;
  }

  /**
   * A buffer of so many bytes.
   *
   * @throws MemoryError if the device allows none of that size. That there is no room for it shows later, in `check`.
   */
  create(bytes: number, usage: number, { label, facts = {} }: { readonly label: string; readonly facts?: Facts }): GPUBuffer {
    if (bytes > this.#most) {
      throw new MemoryError("memory/buffer-size", `${label} needs ${bytes} bytes, and this device has buffers of at most ${this.#most}`, {
        subject: "webgpu",
        facts,
        hint: 'use a smaller batch, or the backend "wasm"',
      });
    }
    this.#device.pushErrorScope("out-of-memory");
    const buffer = this.#device.createBuffer({ size: bytes, usage, label });
    this.#device.popErrorScope().then(
      (error) => {
        if (error === null) return;
        this.#refused ??= new MemoryError("memory/device", `the device has no room for the ${bytes} bytes of ${label}`, {
          subject: "webgpu",
          facts: { ...facts, held: this.bytes },
          hint: "use a smaller batch, or free() what is no longer needed",
          cause: error,
        });
      },
      () => undefined,
    );
    this.created++;
    this.bytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    return buffer;
  }

  destroy(buffer: GPUBuffer): void {
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /** @throws MemoryError if a buffer made before got no memory; once. */
  check(): void {
    const refused = this.#refused;
    this.#refused = null;
    if (refused !== null) throw refused;
  }
}
