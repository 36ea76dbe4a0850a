import { NetworkError } from "@gradus/tensor";
import type { GetOptions, Network, NetworkResponse } from "./network.ts";

/** The network through the host's `fetch`: Node, Deno, Bun and pages. */
export function fetchNetwork(): Network {
  return {
    get: async (url, options = {}) => {
      const response = await request(url, options, "manual");
      // A page hides where a redirect leads: there the browser follows it, within its own bound of 20.
      if (response.type === "opaqueredirect") return present(url, await request(url, options, "follow"), options.signal);
      return present(url, response, options.signal);
    },
  };
}

async function request(url: string, { from, ifRange, signal }: GetOptions, redirect: "manual" | "follow"): Promise<Response> {
  const headers: Record<string, string> = { accept: "*/*" };
  if (from !== undefined && from > 0) {
    headers["range"] = `bytes=${from}-`;
    if (ifRange !== undefined) headers["if-range"] = ifRange;
  }
  try {
    return await fetch(url, {
      headers,
      redirect,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new NetworkError("network/unreachable", `no answer from ${url}`, {
      facts: { url },
      hint: "check the connection, or put the files in a folder by hand",
      cause,
    });
  }
}

function present(asked: string, response: Response, signal: AbortSignal | undefined): NetworkResponse {
  return {
    status: response.status,
    url: response.url === "" ? asked : response.url,
    header: (name) => response.headers.get(name),
    body: chunksOf(response, asked, signal),
  };
}

async function* chunksOf(response: Response, url: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    finished = true;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new NetworkError("network/cut", `the connection to ${url} broke off`, {
      facts: { url },
      hint: "run the command again: the download resumes where it stopped",
      cause,
    });
  } finally {
    // Awaiting would hang on a connection that is already dead.
    if (!finished) reader.cancel().catch(() => {});
  }
}
