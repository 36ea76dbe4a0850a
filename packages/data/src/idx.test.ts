import { gzipSync } from "node:zlib";
import { GradusError } from "@gradus/tensor";
import { fuzzBits, mutateBytes } from "@gradus/io/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeIdx, parseIdx, readIdx } from "./index.ts";

const cases = Number(process.env["GRADUS_FUZZ_CASES"] ?? 3000);
const timeout = 600_000;
const small = encodeIdx([2, 3], new Uint8Array([1, 2, 3, 4, 5, 6]));
const idx = (type: number, sizes: readonly number[], ...data: number[]) =>
  new Uint8Array([
    0,
    0,
    type,
    sizes.length,
    ...sizes.flatMap((size) => [size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]),
    ...data,
  ]);

describe("readIdx", () => {
  it("reads plain and gzipped arrays", async () => {
    for (const bytes of [small, new Uint8Array(gzipSync(small))]) {
      expect(await readIdx(bytes)).toEqual({ dtype: "uint8", shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) });
    }
  });

  it("reads each element type, big-endian", () => {
    expect(parseIdx(idx(0x09, [2], 0x80, 0x7f))).toEqual({ dtype: "int8", shape: [2], data: new Int8Array([-128, 127]) });
    expect(parseIdx(idx(0x0b, [1], 0xff, 0xfe))).toEqual({ dtype: "int32", shape: [1], data: new Int32Array([-2]) });
    expect(parseIdx(idx(0x0c, [1], 0x80, 0, 0, 1))).toEqual({ dtype: "int32", shape: [1], data: new Int32Array([-(2 ** 31) + 1]) });
    expect(parseIdx(idx(0x0d, [1], 0x3f, 0xc0, 0, 0))).toEqual({ dtype: "float32", shape: [1], data: new Float32Array([1.5]) });
    expect(parseIdx(idx(0x08, [0, 28, 28]))).toEqual({ dtype: "uint8", shape: [0, 28, 28], data: new Uint8Array(0) });
  });

  const rejected: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    text: new TextEncoder().encode("<!DOCTYPE html>"),
    float64: idx(0x0e, [1], 0, 0, 0, 0, 0, 0, 0, 0),
    "unknown type": idx(0x0a, [1], 0),
    "no axes": idx(0x08, [], 0, 0, 0, 0),
    "255 axes": new Uint8Array([0, 0, 8, 255, 0, 0, 0, 1]),
    "cut within the sizes": small.subarray(0, 9),
    "one byte missing": small.subarray(0, small.length - 1),
    "one byte more": new Uint8Array([...small, 0]),
    "sizes whose product passes 2^64": idx(0x08, [0xffffffff, 0xffffffff, 0xffffffff]),
    "sizes that pass the limit before a 0": idx(0x08, [0xffffffff, 0xffffffff, 0]),
    "a gzip cut short": new Uint8Array(gzipSync(small)).subarray(0, 20),
    "a bomb": new Uint8Array(gzipSync(new Uint8Array(3 << 20))),
  };
  it("refuses every malformed file with a code and a sentence", async () => {
    const table: string[] = [];
    for (const [label, bytes] of Object.entries(rejected)) {
      const error: unknown = await readIdx(bytes, { maxBytes: 1 << 20 }).catch((thrown: unknown) => thrown);
      table.push(error instanceof GradusError ? `${label} | ${error.code} | ${error.sentence}` : `${label} | ${String(error)}`);
    }
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "empty | idx/too-short | the file has 0 bytes, fewer than the 8 of the smallest IDX file
      text | idx/magic | the file does not begin with two zero bytes, as IDX files do
      float64 | idx/type | the element type 0x0e is not one that is read
      unknown type | idx/type | the element type 0x0a is not one that is read
      no axes | idx/axes | the file claims 0 axes, and from 1 to 8 are read
      255 axes | idx/axes | the file claims 255 axes, and from 1 to 8 are read
      cut within the sizes | idx/truncated | the file ends within the sizes of its 2 axes
      one byte missing | idx/truncated | its sizes [2, 3] take 6 bytes and 5 follow them
      one byte more | idx/trailing | its sizes [2, 3] take 6 bytes and 7 follow them
      sizes whose product passes 2^64 | idx/size | its sizes [4294967295, 4294967295, 4294967295] claim more than the 1048576 bytes that are read
      sizes that pass the limit before a 0 | idx/size | its sizes [4294967295, 4294967295, 0] claim more than the 1048576 bytes that are read
      a gzip cut short | gzip/corrupt | the gzip data is cut short or damaged
      a bomb | gzip/bomb | it inflates beyond its limit of 1048576 bytes or 1100 times its size"
    `);
  });

  it(`survives byte damage (${cases} cases) with an array as long as its shape, or a typed error`, { timeout }, () => {
    const corpus = [small, idx(0x0c, [1, 1, 1], 1, 2, 3, 4), idx(0x0b, [2], 1, 2, 3, 4), idx(0x08, [0])];
    const bits = fuzzBits(1);
    let accepted = 0;
    for (let n = 0; n < cases; n++) {
      const bytes = mutateBytes(corpus[n % corpus.length] ?? small, bits);
      try {
        const { shape, data } = parseIdx(bytes);
        expect(data.length).toBe(shape.reduce((product, extent) => product * extent, 1));
        expect(data.byteLength).toBeLessThanOrEqual(4 * bytes.length);
        accepted++;
      } catch (error) {
        if (!(error instanceof GradusError)) throw error;
      }
    }
    expect(accepted).toBeGreaterThan(cases / 100);
  });

  it(`survives damage under gzip (${Math.ceil(cases / 20)} cases)`, { timeout }, async () => {
    const packed = new Uint8Array(gzipSync(small));
    const unharmed = parseIdx(small);
    const bits = fuzzBits(2);
    for (let n = 0; n < cases / 20; n++) {
      const outcome: unknown = await readIdx(mutateBytes(packed, bits), { maxBytes: 1 << 20 }).catch((error: unknown) => error);
      // Damage that misses what the sums cover (the header's time stamp) leaves the array as it was.
      expect(outcome instanceof GradusError ? unharmed : outcome).toEqual(unharmed);
    }
  });

  it("reads back what is written", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }), fc.nat({ max: 255 }), (shape, value) => {
        const data = new Uint8Array(shape.reduce((product, extent) => product * extent, 1)).fill(value);
        expect(parseIdx(encodeIdx(shape, data))).toEqual({ dtype: "uint8", shape, data });
      }),
    );
  });
});
