import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { FormatError } from "@gradus/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflateGzip, Sha256, sha256 } from "../index.ts";

const fromNode = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("sha256", () => {
  it("agrees with the published example and with node:crypto at every length across block borders", () => {
    expect(sha256(new TextEncoder().encode("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
      expect(sha256(bytes)).toBe(fromNode(bytes));
    }
  });

  it("does not depend on how the input is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 8 }), (pieces) => {
        const hasher = new Sha256();
        for (const piece of pieces) hasher.update(piece);
        return hasher.digest() === fromNode(Buffer.concat(pieces));
      }),
    );
  });
});

describe("inflateGzip", () => {
  const text = new TextEncoder().encode("seven times the same sentence. ".repeat(7));

  it("inflates what gzip made, from bytes and from a stream cut anywhere", async () => {
    const packed = new Uint8Array(gzipSync(text));
    expect(await inflateGzip(packed, { maxBytes: 1000 })).toEqual(text);
    const stream = (async function* () {
      for (let at = 0; at < packed.length; at += 3) yield packed.subarray(at, at + 3);
    })();
    expect(await inflateGzip(stream, { maxBytes: text.length })).toEqual(text);
  });

  it("inflates nothing", async () => {
    expect(await inflateGzip(new Uint8Array(gzipSync("")), { maxBytes: 0 })).toEqual(new Uint8Array(0));
  });

  it("stops a bomb early, by size and by ratio", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(64 << 20)));
    const inflated = async (limits: { maxBytes: number; maxRatio?: number }) => {
      const error: unknown = await inflateGzip(bomb, { ...limits, subject: "bomb.gz" }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "gzip/bomb", subject: "bomb.gz" });
      return error instanceof FormatError ? error.facts["bytesInflated"] : undefined;
    };
    // One piece beyond the limit at the most, not the 64 MiB.
    expect(await inflated({ maxBytes: 1 << 20, maxRatio: 2000 })).toBeLessThan(1.1 * (1 << 20));
    expect(await inflated({ maxBytes: 1 << 30 })).toBeLessThan(210 * bomb.length);
    expect(await inflated({ maxBytes: 1 << 30, maxRatio: 10 })).toBeLessThan(20 * bomb.length);
  });

  it("refuses data cut short at any byte, and damage anywhere, with a typed error", async () => {
    const packed = new Uint8Array(gzipSync(text));
    for (let length = 0; length < packed.length; length++) {
      await expect(inflateGzip(packed.subarray(0, length), { maxBytes: 1000 })).rejects.toMatchObject({ code: "gzip/corrupt" });
    }
    for (let at = 10; at < packed.length; at++) {
      const damaged = packed.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await expect(inflateGzip(damaged, { maxBytes: 1000 })).rejects.toMatchObject({ code: expect.stringMatching(/^gzip\//) });
    }
  });

  it("passes the source's own error on", async () => {
    const broken = (async function* () {
      yield new Uint8Array(gzipSync(text)).subarray(0, 20);
      throw new Error("the disk is gone");
    })();
    await expect(inflateGzip(broken, { maxBytes: 1000 })).rejects.toThrow("the disk is gone");
  });
});
