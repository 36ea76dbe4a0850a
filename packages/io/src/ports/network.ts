export interface GetOptions {
  /** Asks for the bytes from here on (`Range: bytes=from-`); the answer may still be whole (status 200). */
  readonly from?: number;
  /** The entity tag the first bytes came with: the server sends the whole again if it has changed since. */
  readonly ifRange?: string;
  readonly signal?: AbortSignal;
}

export interface NetworkResponse {
  readonly status: number;
  /** Where the answer came from, after redirects the host followed by itself. */
  readonly url: string;
  /** A header's value by its lower-case name. */
  header(name: string): string | null;
  /** The body in pieces; leaving the loop early ends the transfer. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** One ranged GET, without cookies or credentials. Redirects come back as responses. */
export interface Network {
  /** Throws a `NetworkError` `network/unreachable` if no answer comes, `network/cut` if it breaks off. */
  get(url: string, options?: GetOptions): Promise<NetworkResponse>;
}
