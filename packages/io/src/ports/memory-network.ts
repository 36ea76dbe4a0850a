import { NetworkError } from "@gradus/tensor";
import type { GetOptions, Network } from "./network.ts";

export interface MemoryPage {
  readonly bytes: Uint8Array;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Answers a range request with the whole. */
  readonly ignoresRange?: boolean;
}

/** A network of pages in memory; each answer is made by a function of the call's number, so a page can change. */
export function memoryNetwork(
  pages: Readonly<Record<string, (call: number) => MemoryPage>>,
): Network & { readonly requests: readonly { url: string; from: number }[] } {
  const table = new Map(Object.entries(pages));
  const calls = new Map<string, number>();
  const requests: { url: string; from: number }[] = [];
  return {
    requests,
    get: async (url, { from = 0, ifRange, signal }: GetOptions = {}) => {
      signal?.throwIfAborted();
      requests.push({ url, from });
      const make = table.get(url);
      if (make === undefined) throw new NetworkError("network/unreachable", `no answer from ${url}`, { facts: { url } });
      const call = calls.get(url) ?? 0;
      calls.set(url, call + 1);
      const page = make(call);
      const headers = new Map(Object.entries(page.headers ?? {}));
      const changed = ifRange !== undefined && headers.get("etag") !== ifRange;
      const ranged = page.status === undefined && from > 0 && from < page.bytes.length && page.ignoresRange !== true && !changed;
      const body = ranged ? page.bytes.subarray(from) : page.bytes;
      headers.set("content-length", String(body.length));
      if (ranged) headers.set("content-range", `bytes ${from}-${page.bytes.length - 1}/${page.bytes.length}`);
      return {
        status: page.status ?? (ranged ? 206 : 200),
        url,
        header: (name) => headers.get(name) ?? null,
        body: pieces(body, page.cutAfter, url, signal),
      };
    },
  };
}

async function* pieces(
  bytes: Uint8Array,
  cutAfter: number | undefined,
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(cutAfter ?? bytes.length, bytes.length);
  const step = 1024;
  for (let at = 0; at < end; at += step) {
    signal?.throwIfAborted();
    yield bytes.slice(at, Math.min(at + step, end));
  }
  if (cutAfter !== undefined && cutAfter < bytes.length)
    throw new NetworkError("network/cut", `the connection to ${url} broke off`, { facts: { url } });
}
