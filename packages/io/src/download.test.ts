import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { NetworkError } from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  download,
  faultyClock,
  Faults,
  faultyFileSystem,
  faultyNetwork,
  fetchNetwork,
  memoryClock,
  memoryFileSystem,
  memoryNetwork,
  readFile,
  sha256,
  storageError,
  type DownloadOptions,
} from "./index.ts";

const contents = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 7);
const packed = new Uint8Array(gzipSync(contents));
const pin = { of: "file", sha256: sha256(packed) } as const;
const url = "https://mirror.example/data.gz";
const other = "https://other.example/data.gz";

function setUp(pages: Parameters<typeof memoryNetwork>[0], more: Partial<DownloadOptions> = {}) {
  const fs = memoryFileSystem();
  const network = memoryNetwork(pages);
  const options: DownloadOptions = {
    fs,
    network,
    clock: memoryClock(),
    owner: { id: "me", isAlive: async () => false },
    mirrors: [url],
    pin,
    maxBytes: packed.length + 1000,
    ...more,
  };
  return { fs, network, options, run: () => download("/cache/data.gz", options) };
}

describe("download", () => {
  it("brings the file once, and not again", async () => {
    const { fs, network, run } = setUp({ [url]: () => ({ bytes: packed }) });
    await run();
    await run();
    expect(await readFile(fs, "/cache/data.gz", 1e6)).toEqual(packed);
    expect(fs.files()).toEqual(["/cache/data.gz"]);
    expect(network.requests).toEqual([{ url, from: 0 }]);
  });

  it("resumes a cut connection where it stopped, several times", async () => {
    const { fs, network, run } = setUp({ [url]: (call) => ({ bytes: packed, ...(call < 2 ? { cutAfter: 3000 + call } : {}) }) });
    await run();
    expect(network.requests.map(({ from }) => from)).toEqual([0, 3000, 6001]);
    expect(fs.files()).toEqual(["/cache/data.gz"]);
  });

  it("keeps the part for the next call, and begins anew where the server ignores ranges or the file has changed", async () => {
    for (const page of [{ ignoresRange: true }, {}]) {
      const { fs, network, run } = setUp({
        [url]: (call) => ({ bytes: call < 4 ? packed.map((byte) => byte ^ 1) : packed, ...(call < 4 ? { cutAfter: 100 } : page) }),
      });
      await expect(run()).rejects.toMatchObject({ code: "network/cut" });
      expect(fs.files()).toEqual(["/cache/data.gz.part"]);
      await run();
      expect(network.requests.at(-1)?.from).toBe("ignoresRange" in page ? 400 : 0);
      expect(fs.files()).toEqual(["/cache/data.gz"]);
    }
  });

  it("goes to the next mirror when one is gone, or sends something else", async () => {
    for (const page of [{ bytes: packed, status: 404 }, { bytes: packed.subarray(1) }]) {
      const { fs, run } = setUp({ [url]: () => page, [other]: () => ({ bytes: packed }) }, { mirrors: [url, other] });
      await run();
      expect(fs.files()).toEqual(["/cache/data.gz"]);
    }
  });

  it("pins the contents of a gzip, whoever packed it", async () => {
    const { fs, run } = setUp(
      { [url]: () => ({ bytes: new Uint8Array(gzipSync(contents, { level: 1 })) }) },
      { pin: { of: "contents", sha256: sha256(contents), bytes: contents.length }, maxBytes: 1e6 },
    );
    await run();
    expect(fs.files()).toEqual(["/cache/data.gz"]);
  });

  it("downloads again what was damaged in the cache", async () => {
    const { fs, run } = setUp({ [url]: () => ({ bytes: packed }) });
    await fs.makeFolder("/cache");
    const file = await fs.create("/cache/data.gz");
    await file.write(packed.subarray(0, 500));
    await run();
    expect(await readFile(fs, "/cache/data.gz", 1e6)).toEqual(packed);
  });

  const refused: Record<string, [Parameters<typeof memoryNetwork>[0], Partial<DownloadOptions>]> = {
    "a wrong checksum": [{ [url]: () => ({ bytes: packed.map((byte) => byte ^ 1) }) }, {}],
    "a bomb": [
      { [url]: () => ({ bytes: new Uint8Array(gzipSync(new Uint8Array(5e6))) }) },
      { pin: { of: "contents", sha256: sha256(contents), bytes: contents.length } },
    ],
    "an announced size beyond the limit": [{ [url]: () => ({ bytes: packed }) }, { maxBytes: 1000 }],
    "a body beyond the limit": [{ [url]: () => ({ bytes: packed, headers: { "content-encoding": "x" } }) }, { maxBytes: 1000 }],
    "a page that is not there": [{ [url]: () => ({ bytes: packed, status: 404 }) }, {}],
    "a server in trouble": [{ [url]: () => ({ bytes: packed, status: 503 }) }, {}],
    "no server": [{}, {}],
    "redirects without end": [{ [url]: () => ({ bytes: new Uint8Array(0), status: 302, headers: { location: "/data.gz" } }) }, {}],
    "a redirect to http": [
      { [url]: () => ({ bytes: new Uint8Array(0), status: 302, headers: { location: "http://mirror.example/data.gz" } }) },
      {},
    ],
    "plain http": [{}, { mirrors: ["http://127.0.0.1/data.gz"] }],
    "a file address": [{}, { mirrors: ["file:///etc/passwd"] }],
    "no mirrors": [{}, { mirrors: [] }],
  };
  it("refuses with a typed error and leaves nothing behind", async () => {
    const table: string[] = [];
    for (const [label, [pages, more]] of Object.entries(refused)) {
      const { fs, run } = setUp(pages, more);
      const error = (await run().catch((thrown: unknown) => thrown)) as { code: string; sentence: string };
      table.push(`${label} | ${error.code} | ${error.sentence}`);
      expect(fs.files()).toEqual([]);
    }
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "a wrong checksum | network/checksum | what https://mirror.example/data.gz sends is not the expected file
      a bomb | network/checksum | what https://mirror.example/data.gz sends is not the expected file
      an announced size beyond the limit | network/too-large | https://mirror.example/data.gz sends more than the 1000 bytes the file may have
      a body beyond the limit | network/too-large | https://mirror.example/data.gz sends more than the 1000 bytes the file may have
      a page that is not there | network/status | https://mirror.example/data.gz answered with status 404
      a server in trouble | network/status | https://mirror.example/data.gz answered with status 503
      no server | network/unreachable | no answer from https://mirror.example/data.gz
      redirects without end | network/redirects | https://mirror.example/data.gz redirects more than 5 times
      a redirect to http | network/insecure | http://mirror.example/data.gz is not an https address
      plain http | network/insecure | http://127.0.0.1/data.gz is not an https address
      a file address | network/insecure | file:///etc/passwd is not an https address
      no mirrors | network/no-mirror | no address is known for /cache/data.gz"
    `);
  });

  it("follows a redirect to another https origin", async () => {
    const { run, network } = setUp({
      [url]: () => ({ bytes: new Uint8Array(0), status: 302, headers: { location: other } }),
      [other]: () => ({ bytes: packed }),
    });
    await run();
    expect(network.requests.map((request) => request.url)).toEqual([url, other]);
  });

  it("reports a full disk with needed and free, and gives its space back", async () => {
    for (const headers of [{}, { "content-encoding": "x" }]) {
      const fs = memoryFileSystem({ capacity: 2000 });
      const { run } = setUp({ [url]: () => ({ bytes: packed, headers }) }, { fs });
      await expect(run()).rejects.toMatchObject({ code: "storage/full", facts: { needed: expect.any(Number), free: expect.any(Number) } });
      expect(fs.files()).toEqual([]);
    }
  });

  it("stops when asked to, keeping the part", async () => {
    const stop = new AbortController();
    const { fs, run } = setUp(
      { [url]: () => ({ bytes: packed }) },
      { signal: stop.signal, onProgress: (received) => received > 5000 && stop.abort(new Error("enough")) },
    );
    await expect(run()).rejects.toThrow("enough");
    expect(fs.files()).toEqual(["/cache/data.gz.part"]);
  });

  it("fails at the n-th call of the file system, the network or the clock, for every n: the file is whole or absent, and the next call succeeds", async () => {
    for (let n = 0; ; n++) {
      const { fs, network, options } = setUp({
        [url]: (call) => ({ bytes: packed, ...(call === 0 ? { cutAfter: packed.length >> 1 } : {}) }),
      });
      const faults = new Faults({
        failAt: n,
        lasts: n % 2 === 0 ? "forever" : "once",
        error: (call) =>
          /get|from http/.test(call) ? new NetworkError("network/cut", call) : storageError("failed", "/", { action: call }),
      });
      await download("/cache/data.gz", {
        ...options,
        fs: faultyFileSystem(fs, faults),
        network: faultyNetwork(network, faults),
        clock: faultyClock(options.clock, faults),
      }).catch(() => {});
      if (fs.files().includes("/cache/data.gz")) expect(await readFile(fs, "/cache/data.gz", 1e6)).toEqual(packed);
      await download("/cache/data.gz", options);
      expect(await readFile(fs, "/cache/data.gz", 1e6)).toEqual(packed);
      // Only a process that was killed, or could not remove it, leaves its lock; the next one that needs it takes it over.
      expect(fs.files().filter((path) => !(faults.fired && path.endsWith(".lock")))).toEqual(["/cache/data.gz"]);
      if (!faults.fired) break;
    }
  });
});

describe("download over a real connection", () => {
  let address = "";
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const server = createServer((request, response) => answer(request, response));
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const bound = server.address();
    address = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
  });
  afterAll(() => void server.close());
  const real = (more: Partial<DownloadOptions> = {}) =>
    setUp({}, { network: fetchNetwork(), mirrors: [`${address}/data.gz`], allowHttpFromLoopback: true, ...more });

  it("resumes after the server cut it, through a redirect", async () => {
    const ranges: (string | undefined)[] = [];
    answer = ({ url: path, headers }, response) => {
      if (path === "/data.gz") {
        response.writeHead(302, { location: "/moved.gz" }).end();
        return;
      }
      ranges.push(headers.range);
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
      const first = headers.range === undefined;
      response.writeHead(first ? 200 : 206, {
        "content-length": packed.length - from,
        ...(first ? {} : { "content-range": `bytes ${from}-${packed.length - 1}/${packed.length}` }),
      });
      if (first) response.write(packed.subarray(0, 4000), () => setTimeout(() => response.destroy(), 20));
      else response.end(packed.subarray(from));
    };
    const { fs, run } = real();
    await run();
    expect(ranges).toEqual([undefined, "bytes=4000-"]);
    expect(await readFile(fs, "/cache/data.gz", 1e6)).toEqual(packed);
  });

  it("stops an endless body at the limit", async () => {
    answer = (_, response) => {
      response.writeHead(200);
      const pour = () => {
        while (response.write(new Uint8Array(65536)));
      };
      response.on("drain", pour);
      pour();
    };
    const { fs, run } = real();
    await expect(run()).rejects.toMatchObject({ code: "network/too-large" });
    expect(fs.files()).toEqual([]);
  });

  it("says so when nobody answers", async () => {
    const { run } = real({ mirrors: ["http://127.0.0.1:9/x"] });
    await expect(run()).rejects.toMatchObject({ code: "network/unreachable" });
  });

  it("does not take http from loopback unless told to", async () => {
    const { run } = real({ allowHttpFromLoopback: false });
    await expect(run()).rejects.toMatchObject({ code: "network/insecure" });
  });
});
