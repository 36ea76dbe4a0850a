import type { HostTensor } from "@gradus/tensor";

export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A tensor's bytes as files hold them: without a copy where the host's own order is theirs. */
export function littleEndianBytes({ data }: HostTensor): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndian || data.BYTES_PER_ELEMENT === 1) return bytes;
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) swapped[i] = bytes[i ^ (data.BYTES_PER_ELEMENT - 1)] ?? 0;
  return swapped;
}
