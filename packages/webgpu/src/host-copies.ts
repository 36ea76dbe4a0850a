import { type Aval, type HostData, hostArray, sizeOf } from "@gradus/tensor";
import { wholeWords } from "./layout.ts";

/** Queues the copy of host data to a place in a device buffer; the data may change as soon as this returns. */
export function copyIn(queue: GPUQueue, buffer: GPUBuffer, offset: number, data: HostData): void {
  if (data.byteLength === 0) return;
  if (data.byteLength % 4 === 0) {
    queue.writeBuffer(buffer, offset, data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  // Copies are of whole words.
  const padded = new Uint8Array(wholeWords(data.byteLength));
  padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  queue.writeBuffer(buffer, offset, padded);
}

/** A value of the dtype, copied from mapped bytes. */
export function copyOut(mapped: ArrayBuffer, offset: number, { dtype, shape }: Aval): HostData {
  const host = hostArray(dtype, sizeOf(shape));
  new Uint8Array(host.buffer, host.byteOffset, host.byteLength).set(new Uint8Array(mapped, offset, host.byteLength));
  return host;
}
