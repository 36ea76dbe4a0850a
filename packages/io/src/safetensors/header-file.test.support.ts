/** A file of a header and `dataBytes` bytes of 0, 1, 2, …, for tests. */
export function file(header: string | Uint8Array, dataBytes: number): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i;
  return bytes;
}

/** A header of one tensor, its fields as raw JSON. */
export function tensor(name: string, dtype: string, shape: string, offsets: string): string {
  return `{"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
}
