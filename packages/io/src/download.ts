import { ArgumentError, FormatError, NetworkError, StorageError } from "@gradus/tensor";
import { ByteBudget } from "./bytes/budget.ts";
import { inflatePieces } from "./bytes/gzip.ts";
import { Sha256 } from "./bytes/sha256.ts";
import { withLock, type LockOwner } from "./lock.ts";
import type { Clock } from "./ports/clock.ts";
import { readChunks, type FileSystem, type FileWriter } from "./ports/file-system.ts";
import type { Network, NetworkResponse } from "./ports/network.ts";
import { folderOf } from "./ports/path.ts";
import { storageError } from "./ports/storage-error.ts";

/** What a file must be: the SHA-256 of its bytes, or of what its gzip holds where packings differ from mirror to mirror. */
export type Pin =
  | { readonly of: "file"; readonly sha256: string }
  | { readonly of: "contents"; readonly sha256: string; readonly bytes: number };

export interface DownloadOptions {
  readonly fs: FileSystem;
  readonly network: Network;
  readonly clock: Clock;
  readonly owner: LockOwner;
  /** Where the file may be had, in order of preference. Only https. */
  readonly mirrors: readonly string[];
  readonly pin: Pin;
  /** The most bytes the file may have. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Bytes on disk so far, and in all where the server says. */
  readonly onProgress?: (received: number, total: number | null) => void;
  /** Takes plain http from this machine itself, for tests. */
  readonly allowHttpFromLoopback?: boolean;
}

const maxRedirects = 5;
const attemptsPerMirror = 4;

/**
 * Makes sure that `path` is the pinned file: keeps it if it is, downloads it if not.
 *
 * Bytes go to `path + ".part"`, are hashed as they come, and are renamed to `path` only once they match.
 * A cut connection resumes where it stopped, now or at the next call. One process at a time, by `path + ".lock"`.
 *
 * @throws NetworkError `network/checksum`, `network/too-large`, `network/status`, `network/redirects`, `network/insecure`,
 *   `network/unreachable`, `network/cut`; StorageError; the signal's reason.
 */
export async function download(path: string, options: DownloadOptions): Promise<void> {
  const { fs, clock, owner, signal, pin } = options;
  if (await matchesPin(fs, path, pin)) return;
  await fs.makeFolder(folderOf(path));
  await withLock(`${path}.lock`, { fs, clock, owner, ...(signal === undefined ? {} : { signal }) }, async () => {
    // Another process may have brought it meanwhile.
    if (await matchesPin(fs, path, pin)) return;
    await fs.remove(path);
    await fromMirrors(path, options);
  });
}

/** True if the file is there and is what the pin says; a damaged one is false, not an error. */
export async function matchesPin(fs: FileSystem, path: string, pin: Pin): Promise<boolean> {
  if ((await fs.stat(path))?.kind !== "file") return false;
  return (await pinnedHash(fs, path, pin)) === pin.sha256;
}

async function fromMirrors(path: string, options: DownloadOptions): Promise<void> {
  const { mirrors, clock, signal } = options;
  let failure: unknown = new ArgumentError("network/no-mirror", `no address is known for ${path}`);
  for (const mirror of mirrors) {
    let restarted = false;
    for (let attempt = 0; attempt < attemptsPerMirror; attempt++) {
      signal?.throwIfAborted();
      try {
        await transfer(mirror, path, options);
        return;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        failure = error;
        // The part on disk may have been of another file: one whole download more decides.
        const mayBeThePart: boolean = error.code === "network/checksum" && error.facts["resumed"] === true && !restarted;
        restarted ||= mayBeThePart;
        if (!mayBeThePart && !isPassing(error)) break;
        await clock.sleep(500 * 2 ** attempt, signal);
      }
    }
  }
  throw failure;
}

/** Failures that another try may cure. */
function isPassing({ code, facts }: NetworkError): boolean {
  if (code === "network/unreachable" || code === "network/cut" || code === "network/stale-part") return true;
  const status = facts["status"];
  return code === "network/status" && typeof status === "number" && (status >= 500 || status === 429);
}

async function transfer(mirror: string, path: string, options: DownloadOptions): Promise<void> {
  const { fs, pin, maxBytes } = options;
  const part = `${path}.part`;
  const found = (await fs.stat(part))?.size ?? 0;
  const response = await follow(mirror, found, options);
  const resumed = found > 0 && response.status === 206;
  if (!resumed && found > 0) await fs.remove(part);
  if (response.status === 416) throw stalePart(mirror);
  if (response.status !== 200 && !resumed) {
    throw new NetworkError("network/status", `${mirror} answered with status ${response.status}`, {
      facts: { url: mirror, status: response.status },
    });
  }
  const start = resumed ? found : 0;
  if (resumed && !(response.header("content-range") ?? "").startsWith(`bytes ${start}-`)) {
    await fs.remove(part);
    throw stalePart(mirror);
  }
  const total = totalBytes(response, start);
  try {
    await receive(response, part, start, total, options);
  } catch (error) {
    // Only what can be resumed is worth its space.
    if (error instanceof FormatError || (error instanceof StorageError && error.code === "storage/full"))
      await fs.remove(part).catch(() => {});
    if (error instanceof FormatError) {
      throw new NetworkError("network/too-large", `${mirror} sends more than the ${maxBytes} bytes the file may have`, {
        facts: { url: mirror, maxBytes },
        cause: error,
      });
    }
    throw error;
  }
  const sha256 = await pinnedHash(fs, part, pin);
  if (sha256 !== pin.sha256) {
    await fs.remove(part);
    throw new NetworkError("network/checksum", `what ${mirror} sends is not the expected file`, {
      facts: { url: mirror, expected: pin.sha256, found: sha256, resumed },
      hint: "a proxy may have answered instead, or the mirror has changed: nothing was kept",
    });
  }
  await fs.rename(part, path);
  await fs.syncFolder(folderOf(path));
}

/** Appends the body to the part file and syncs it. */
async function receive(
  response: NetworkResponse,
  part: string,
  start: number,
  total: number | null,
  options: DownloadOptions,
): Promise<void> {
  const { fs, maxBytes, onProgress, signal } = options;
  const budget = new ByteBudget(maxBytes, response.url);
  budget.spend(total ?? start);
  if (total !== null) {
    const free = await fs.freeBytes(part);
    if (free !== null && free < total - start) throw storageError("full", part, { action: "write", needed: total - start, free });
  }
  const received = new ByteBudget(maxBytes, response.url);
  received.spend(start);
  const file: FileWriter = await fs.append(part);
  try {
    for await (const piece of response.body) {
      signal?.throwIfAborted();
      received.spend(piece.length);
      await file.write(piece);
      onProgress?.(received.spent, total);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (total !== null && received.spent < total) {
    throw new NetworkError("network/cut", `${response.url} sent ${received.spent} of ${total} bytes`, { facts: { url: response.url } });
  }
}

/** The first answer that is no redirect. */
async function follow(
  mirror: string,
  from: number,
  { network, signal, allowHttpFromLoopback = false }: DownloadOptions,
): Promise<NetworkResponse> {
  let url = mirror;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    needSecure(url, allowHttpFromLoopback);
    const response = await network.get(url, { from, ...(signal === undefined ? {} : { signal }) });
    needSecure(response.url, allowHttpFromLoopback);
    const location = response.header("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    if (!URL.canParse(location, url))
      throw new NetworkError("network/redirects", `${url} redirects to something that is no address`, { facts: { url } });
    url = new URL(location, url).href;
  }
  throw new NetworkError("network/redirects", `${mirror} redirects more than ${maxRedirects} times`, { facts: { url: mirror } });
}

function needSecure(address: string, allowHttpFromLoopback: boolean): void {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol === "https:") return;
  if (allowHttpFromLoopback && url?.protocol === "http:" && ["127.0.0.1", "[::1]"].includes(url.hostname)) return;
  throw new NetworkError("network/insecure", `${address} is not an https address`, { facts: { url: address } });
}

function totalBytes(response: NetworkResponse, start: number): number | null {
  // A decoded body is longer than its content-length says.
  if (response.header("content-encoding") !== null) return null;
  const length = response.header("content-length");
  return length !== null && /^\d{1,15}$/.test(length) ? start + Number(length) : null;
}

/** The pinned hash of a file; of contents that do not inflate within their size, a line that says so. */
async function pinnedHash(fs: FileSystem, path: string, pin: Pin): Promise<string> {
  const hasher = new Sha256();
  const chunks = readChunks(fs, path);
  if (pin.of === "file") for await (const chunk of chunks) hasher.update(chunk);
  else {
    try {
      for await (const piece of inflatePieces(chunks, { maxBytes: pin.bytes, maxRatio: 1100 })) hasher.update(piece);
    } catch (error) {
      if (error instanceof FormatError) return `none: ${error.sentence}`;
      throw error;
    }
  }
  return hasher.digest();
}

/** The part on disk does not belong to what the server has now; it is gone, and the next try begins anew. */
function stalePart(url: string): NetworkError {
  return new NetworkError("network/stale-part", `the part of ${url} on disk belongs to another file`, { facts: { url } });
}
