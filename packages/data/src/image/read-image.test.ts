import { deflateSync } from "node:zlib";
import { GradusError } from "@gradus/tensor";
import { fuzzBits, mutateBytes } from "@gradus/io/testing";
import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { decodePng, readImage, resized, squared } from "../index.ts";

const cases = Number(process.env["GRADUS_FUZZ_CASES"] ?? 3000);

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function png(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  rows: Uint8Array | readonly number[],
  more: { interlace?: number; before?: Uint8Array } = {},
): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, colourType, 0, 0, more.interlace ?? 0], 8);
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    more.before ?? new Uint8Array(0),
    chunk("IDAT", new Uint8Array(deflateSync(Uint8Array.from(rows)))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Uint8Array(Buffer.concat(parts));
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

describe("decodePng", () => {
  it("reads every colour type and depth as grey", async () => {
    const grey = async (bytes: Uint8Array) => [...(await decodePng(bytes)).pixels];
    expect(await grey(png(2, 2, 8, 0, [0, 10, 20, 0, 30, 40]))).toEqual([10, 20, 30, 40]);
    expect(await grey(png(9, 2, 1, 0, [0, 0b10000001, 0x80, 0, 0, 0]))).toEqual([
      255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(await grey(png(3, 1, 4, 0, [0, 0x0f, 0x80]))).toEqual([0, 255, 136]);
    expect(await grey(png(2, 1, 16, 0, [0, 0xff, 0xff, 0x80, 0x00]))).toEqual([255, 128]);
    expect(await grey(png(3, 1, 8, 2, [0, 255, 0, 0, 0, 255, 0, 0, 0, 255]))).toEqual([76, 150, 29]);
    expect(await grey(png(2, 1, 8, 4, [0, 0, 255, 0, 0]))).toEqual([0, 255]);
    expect(await grey(png(2, 1, 8, 6, [0, 0, 0, 0, 128, 9, 9, 9, 255]))).toEqual([127, 9]);
    expect(await grey(png(2, 1, 1, 3, [0, 0b01000000], { before: chunk("PLTE", new Uint8Array([200, 200, 200, 5, 5, 5])) }))).toEqual([
      200, 5,
    ]);
    expect(await grey(encode({ width: 2, height: 1, channels: 3, depth: 8, data: new Uint8Array([1, 1, 1, 2, 2, 2]) }))).toEqual([1, 2]);
  });

  const fine = png(2, 2, 8, 0, [0, 10, 20, 0, 30, 40]);
  const damaged = fine.slice();
  damaged[29] = 1;
  const rejected: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    "a JPEG": new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0]),
    "cut short": fine.subarray(0, fine.length - 13),
    "a chunk beyond the file": new Uint8Array([...fine.subarray(0, 33), 0xff, 0xff, 0xff, 0xff, ...fine.subarray(37)]),
    "no header": new Uint8Array([...fine.subarray(0, 8), ...fine.subarray(33)]),
    "no data": new Uint8Array([...fine.subarray(0, 33), ...chunk("IEND", new Uint8Array(0))]),
    "0 wide": png(0, 2, 8, 0, [0, 0]),
    "65,536 by 65,536": png(65536, 65536, 8, 0, [0]),
    "colour type 5": png(2, 2, 8, 5, [0]),
    "RGB of 4 bits": png(2, 2, 4, 2, [0]),
    interlaced: png(2, 2, 8, 0, [0, 10, 20, 0, 30, 40], { interlace: 1 }),
    "too few pixels": png(2, 2, 8, 0, [0, 10, 20]),
    "a bomb": png(2, 2, 8, 0, new Uint8Array(1 << 22)),
    "a filter that does not exist": png(2, 2, 8, 0, [9, 10, 20, 0, 30, 40]),
    "a colour beyond the palette": png(2, 1, 2, 3, [0, 0b11000000], { before: chunk("PLTE", new Uint8Array([1, 2, 3])) }),
    "no palette": png(2, 1, 1, 3, [0, 0]),
    "a wrong checksum": damaged,
  };
  it("refuses every malformed file with a code and a sentence", async () => {
    const table: string[] = [];
    for (const [label, bytes] of Object.entries(rejected)) {
      const error: unknown = await decodePng(bytes).catch((thrown: unknown) => thrown);
      table.push(error instanceof GradusError ? `${label} | ${error.code} | ${error.sentence}` : `${label} | ${JSON.stringify(error)}`);
    }
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "empty | png/signature | the file does not begin as PNG files do
      a JPEG | png/signature | the file does not begin as PNG files do
      cut short | png/truncated | a chunk of 14 bytes goes beyond the end of the file
      a chunk beyond the file | png/truncated | a chunk of 4294967295 bytes goes beyond the end of the file
      no header | png/header | the file needs one IHDR chunk, at its start
      no data | png/no-data | the file holds no picture
      0 wide | png/header | the picture is 0 by 2 pixels
      65,536 by 65,536 | png/too-large | the picture is 65536 by 65536 pixels, and at most 16777216 are read
      colour type 5 | png/header | PNG knows no colour type 5 of 8 bits
      RGB of 4 bits | png/header | PNG knows no colour type 2 of 4 bits
      interlaced | png/interlaced | the picture is interlaced, which is not read
      too few pixels | png/truncated | the pixels take 6 bytes and the file holds 3
      a bomb | deflate/bomb | it inflates beyond its limit of 6 bytes or 1100 times its size
      a filter that does not exist | png/corrupt | the picture is damaged
      a colour beyond the palette | png/palette | a pixel has colour 3 of a palette of 1
      no palette | png/palette | a pixel has colour 0 of a palette of 0
      a wrong checksum | png/corrupt | the picture is damaged"
    `);
  });

  it(`survives byte damage (${Math.ceil(cases / 20)} cases) with a picture or a typed error`, { timeout: 600_000 }, async () => {
    const corpus = [
      fine,
      png(2, 1, 8, 6, [1, 0, 0, 0, 128, 9, 9, 9, 255]),
      png(2, 1, 1, 3, [0, 64], { before: chunk("PLTE", new Uint8Array(6)) }),
    ];
    const bits = fuzzBits(1);
    let accepted = 0;
    for (let n = 0; n < cases / 20; n++) {
      // Half of the damage is done before packing, or the checksums would stop nearly all of it.
      const rows = mutateBytes(new Uint8Array([0, 1, 2, 3, 1, 4, 5, 6]), bits);
      const [width, height] = [1 + (bits() % 3), 1 + (bits() % 2)];
      const bytes = n % 2 === 0 ? mutateBytes(corpus[n % 3] ?? fine, bits) : png(width, height, 8, [0, 2, 3][bits() % 3] ?? 0, rows);
      const outcome = await decodePng(bytes, { maxPixels: 10_000 }).catch((error: unknown) => error);
      if (outcome instanceof GradusError) continue;
      expect(outcome).toMatchObject({ pixels: expect.any(Uint8Array) });
      accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("readImage", () => {
  it("resizes by area, exactly", () => {
    const image = { width: 3, height: 2, pixels: new Uint8Array([0, 90, 180, 30, 120, 210]) };
    expect([...resized(image, 1, 1).pixels]).toEqual([105]);
    // Each half covers a pixel and a half: (0 + 90 / 2) / 1.5 and (90 / 2 + 180) / 1.5.
    expect([...resized(image, 2, 2).pixels]).toEqual([30, 150, 60, 180]);
    expect([...resized(image, 6, 2).pixels]).toEqual([0, 0, 90, 90, 180, 180, 30, 30, 120, 120, 210, 210]);
  });

  it("turns dark on light into light on dark, and leaves light on dark", async () => {
    const inkOnPaper = png(3, 3, 8, 0, [0, 255, 255, 255, 0, 255, 0, 255, 0, 255, 255, 255]);
    const lightOnDark = png(3, 3, 8, 0, [0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0]);
    const expected = [0, 0, 0, 0, 255, 0, 0, 0, 0];
    for (const bytes of [inkOnPaper, lightOnDark]) expect([...(await readImage(bytes, { side: 3 })).pixels]).toEqual(expected);
    expect([...(await readImage(inkOnPaper, { side: 3, invert: false })).pixels]).toEqual(expected.map((value) => 255 - value));
    expect([...(await readImage(lightOnDark, { side: 3, invert: true })).pixels]).toEqual(expected.map((value) => 255 - value));
  });

  it("keeps the aspect: a wide picture lies in the middle of its square", async () => {
    expect([...squared({ width: 4, height: 2, pixels: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) }, 9).pixels]).toEqual([
      9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9,
    ]);
    // Rows 0 0 0 0 / 0 255 255 0 / 0 0 0 0, shown in a square with a row of the rim's 0 below.
    const bar = await readImage(png(4, 3, 8, 0, [0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0]), { side: 4 });
    expect([...bar.pixels]).toEqual([0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const { width, height } = await readImage(png(100_000, 1, 1, 0, new Uint8Array(12_501)));
    expect([width, height]).toEqual([28, 28]);
  });
});
