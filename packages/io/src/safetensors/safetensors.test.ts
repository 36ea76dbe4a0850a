import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostTensor } from "@gradus/tensor";
import { describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  Faults,
  faultyFileSystem,
  memoryFileSystem,
  nodeFileSystem,
  readFile,
  readSafetensors,
  storageError,
  writeSafetensors,
} from "../index.ts";
import { file, tensor } from "./header-file.test.support.ts";

const float = (...values: number[]): HostTensor => ({ dtype: "float32", shape: [values.length], data: new Float32Array(values) });
const sample = new Map<string, HostTensor>([
  ["layer1.bias", float(1.5, -0, Number.NaN)],
  ["layer1.weight", { dtype: "float32", shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) }],
  ["step", { dtype: "int32", shape: [], data: new Int32Array([-7]) }],
  ["mask", { dtype: "bool", shape: [3], data: new Uint8Array([1, 0, 1]) }],
  ["image", { dtype: "uint8", shape: [1, 2], data: new Uint8Array([0, 255]) }],
  ["nothing", { dtype: "float32", shape: [0, 4], data: new Float32Array(0) }],
]);
const metadata = new Map([
  ["format", "pt"],
  ["note", 'tab\t "quoted" é 😀 \u0000'],
]);

async function contents(bytes: Uint8Array) {
  const read = await readSafetensors(bytes);
  const tensors = new Map<string, HostTensor>();
  for (const name of read.names) tensors.set(name, await read.get(name));
  return { tensors, metadata: read.metadata };
}

describe("safetensors", () => {
  it("writes, reads and writes the same bytes, whatever the maps' order", async () => {
    const bytes = encodeSafetensors(sample, metadata);
    const read = await contents(bytes);
    expect(new Map([...read.tensors].sort())).toEqual(new Map([...sample].sort()));
    expect(read.metadata).toEqual(metadata);
    expect(encodeSafetensors(read.tensors, read.metadata)).toEqual(bytes);
    expect(encodeSafetensors(new Map([...sample].reverse()), new Map([...metadata].reverse()))).toEqual(bytes);
  });

  it("lays the file out so: length, header padded to 8 with spaces, wide elements first, then by name", () => {
    const bytes = encodeSafetensors(sample, metadata);
    const length = new DataView(bytes.buffer).getUint32(0, true);
    expect((8 + length) % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).replaceAll('},"', '},\n"')).toMatchInlineSnapshot(`
      "{"__metadata__":{"format":"pt","note":"tab\\t \\"quoted\\" é 😀 \\u0000"},
      "layer1.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},
      "layer1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[12,36]},
      "nothing":{"dtype":"F32","shape":[0,4],"data_offsets":[36,36]},
      "step":{"dtype":"I32","shape":[],"data_offsets":[36,40]},
      "image":{"dtype":"U8","shape":[1,2],"data_offsets":[40,42]},
      "mask":{"dtype":"BOOL","shape":[3],"data_offsets":[42,45]}}   "
    `);
  });

  it("reads only the header of a file until a tensor is asked for, in memory and on disk", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gradus-st-"));
    try {
      for (const [fs, path] of [
        [memoryFileSystem(), "/m.safetensors"],
        [nodeFileSystem(), join(folder, "m.safetensors")],
      ] as const) {
        await writeSafetensors(fs, path, sample, metadata);
        expect(await readFile(fs, path, 10_000)).toEqual(encodeSafetensors(sample, metadata));
        const spans: string[] = [];
        const counting = {
          ...fs,
          open: async (name: string) => {
            const inner = await fs.open(name);
            const read = (offset: number, length: number) => {
              spans.push(`${offset}+${length}`);
              return inner.read(offset, length);
            };
            return { size: inner.size, read, close: () => inner.close() };
          },
        };
        await using read = await readSafetensors({ fs: counting, path });
        expect(spans).toHaveLength(2);
        expect((await read.get("layer1.weight")).data).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
        expect(spans[2]).toMatch(/\+24$/);
        await expect(read.get("absent")).rejects.toMatchObject({ code: "safetensors/no-such-tensor" });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("gives each tensor memory of its own, aligned, even from an unaligned file", async () => {
    const odd = file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}  `, 5);
    const read = await readSafetensors(odd.subarray(0));
    const f = await read.get("f");
    odd.fill(0);
    expect(new Uint8Array(f.data.buffer)).toEqual(new Uint8Array([1, 2, 3, 4]));
  });

  it("keeps hostile names as plain keys and leaves Object.prototype alone", async () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    const hostile = new Map(
      ["__proto__", "constructor", "", "../../etc/passwd", "a\u0000b", "\ufeff", "${x}", "toString"].map(
        (name) => [name, float(1)] as const,
      ),
    );
    const names = new Map([
      ["__proto__", "polluted"],
      ["constructor", "x"],
    ]);
    const read = await contents(encodeSafetensors(hostile, names));
    expect([...read.tensors.keys()].sort()).toEqual([...hostile.keys()].sort());
    expect(read.metadata).toEqual(names);
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("fails at the n-th file-system call of a save, for every n: the earlier file still loads", async () => {
    const earlier = encodeSafetensors(new Map([["w", float(1)]]));
    const later = new Map([["w", float(2)]]);
    let n = 0;
    for (; ; n++) {
      const fs = memoryFileSystem();
      await writeSafetensors(fs, "/w.safetensors", new Map([["w", float(1)]]));
      const faults = new Faults({
        failAt: n,
        error: () => storageError("full", "/w.safetensors", { action: "write", needed: 1, free: 0 }),
      });
      const outcome = await writeSafetensors(faultyFileSystem(fs, faults), "/w.safetensors", later).catch((error: unknown) => error);
      if (!faults.fired) break;
      expect(outcome).toMatchObject({ code: "storage/full" });
      expect(fs.files()).toEqual(["/w.safetensors"]);
      expect([earlier, encodeSafetensors(later)]).toContainEqual(await readFile(fs, "/w.safetensors", 1000));
    }
    expect(n).toBe(8);
  });
});

describe("element types", () => {
  const read = async (dtype: string, shape: number[], data: ArrayBufferView, options = {}) => {
    const bytes = new Uint8Array(data.buffer);
    const whole = file(tensor("x", dtype, JSON.stringify(shape), `[0,${bytes.length}]`), bytes.length);
    whole.set(bytes, whole.length - bytes.length);
    return (await (await readSafetensors(whole)).get("x", options)).data;
  };

  it("reads every half and every bfloat16 exactly", async () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const halves = await read("F16", [65536], bits);
    const view = new DataView(bits.buffer);
    for (let i = 0; i < 65536; i++)
      if (!Object.is(halves[i], halfValue(view.getUint16(2 * i, true)))) throw new Error(`half ${i}: ${halves[i]}`);
    const brains = await read("BF16", [65536], bits);
    const words = new Uint32Array(brains.buffer);
    expect(words.every((word, i) => word === (i << 16) >>> 0)).toBe(true);
  });

  it("writes float16 as F16, which is read as float32", async () => {
    const halves = { dtype: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0xb800, 0x7bff) } as const;
    const whole = encodeSafetensors(new Map([["x", halves]]));
    expect(new TextDecoder().decode(whole)).toContain('"dtype":"F16","shape":[3],"data_offsets":[0,6]');
    expect(await (await readSafetensors(whole)).get("x")).toEqual({ dtype: "float32", shape: [3], data: Float32Array.of(1, -0.5, 65504) });
    const asFloats = new Map([["x", { ...halves, data: Float32Array.of(1, 2, 3) }]]);
    expect(() => encodeSafetensors(asFloats)).toThrow("holds 3 elements of Float32Array");
  });

  it("keeps int8 as it is, both ways", async () => {
    const bytes = { dtype: "int8", shape: [2, 2], data: Int8Array.of(-128, -1, 0, 127) } as const;
    const whole = encodeSafetensors(new Map([["x", bytes]]));
    expect(new TextDecoder().decode(whole)).toContain('"dtype":"I8","shape":[2,2],"data_offsets":[0,4]');
    expect(await (await readSafetensors(whole)).get("x")).toEqual(bytes);
  });

  it("widens the small integers and narrows the wide ones where they fit", async () => {
    expect(await read("I16", [2], new Int16Array([-32768, 32767]))).toEqual(new Int32Array([-32768, 32767]));
    expect(await read("U16", [1], new Uint16Array([65535]))).toEqual(new Int32Array([65535]));
    expect(await read("I64", [3], new BigInt64Array([-(2n ** 31n), 2n ** 31n - 1n, -1n]))).toEqual(
      new Int32Array([-(2 ** 31), 2 ** 31 - 1, -1]),
    );
  });

  it.each([
    ["I64", "2147483648", new BigInt64Array([0n, 2n ** 31n, 2n ** 40n])],
    ["I64", "-2147483649", new BigInt64Array([0n, -(2n ** 31n) - 1n, 0n])],
    ["I64", "4611686018427387905", new BigInt64Array([0n, 2n ** 62n + 1n, 0n])],
    ["U64", "18446744073709551615", new BigUint64Array([0n, 2n ** 64n - 1n, 0n])],
    ["U32", "2147483648", new Uint32Array([0, 2 ** 31, 0])],
  ])("refuses %s outside int32 and names the first such value, %s", async (dtype, value, data) => {
    await expect(read(dtype, [3], data)).rejects.toMatchObject({
      code: "safetensors/int32-range",
      sentence: `the tensor "x" holds ${value} at element 1, outside int32`,
      facts: { element: 1 },
    });
  });

  it("rounds float64 only on request", async () => {
    await expect(read("F64", [1], new Float64Array([0.1]))).rejects.toThrowErrorMatchingInlineSnapshot(`
      [DTypeError: safetensors: the tensor "x" is F64, which is not read
        hint: pass { float64: "round" } to read it as float32
        code: safetensors/unread-dtype]
    `);
    expect(await read("F64", [1], new Float64Array([0.1]), { float64: "round" })).toEqual(new Float32Array([0.1]));
  });

  it("keeps a NaN's payload", async () => {
    const bits = new Uint32Array([0x7fc12345, 0xff800001]);
    expect(new Uint32Array((await read("F32", [2], bits)).buffer)).toEqual(bits);
  });

  it("refuses a bool of 2 and types it does not compute in, when they are asked for", async () => {
    await expect(read("BOOL", [2], new Uint8Array([1, 2]))).rejects.toMatchObject({ code: "safetensors/bool" });
    await expect(read("F8_E4M3", [2], new Uint8Array([1, 2]))).rejects.toMatchObject({ code: "safetensors/unread-dtype" });
  });
});

describe("the writer refuses", () => {
  const refused: Record<string, () => unknown> = {
    "a reserved name": () => encodeSafetensors(new Map([["__metadata__", float(1)]])),
    "half of a surrogate pair": () => encodeSafetensors(new Map([["\ud800", float(1)]])),
    "half of a pair in metadata": () => encodeSafetensors(new Map(), new Map([["a", "\udc00"]])),
    "a shape that does not fit the data": () => encodeSafetensors(new Map([["a", { ...float(1, 2), shape: [3] }]])),
    "a fractional size": () => encodeSafetensors(new Map([["a", { ...float(1), shape: [0.5, 2] }]])),
    "an array of another type": () => encodeSafetensors(new Map([["a", { dtype: "int32", shape: [1], data: new Float32Array(1) }]])),
    "a bool of 2": () => encodeSafetensors(new Map([["a", { dtype: "bool", shape: [1], data: new Uint8Array([2]) }]])),
    "too many axes": () => encodeSafetensors(new Map([["a", { ...float(1), shape: new Array<number>(65).fill(1) }]])),
  };
  it("what the reader refuses, with a code and a sentence", () => {
    const table = Object.entries(refused).map(([label, call]) => {
      try {
        call();
        return `${label} | accepted`;
      } catch (error) {
        return `${label} | ${(error as { code: string }).code} | ${(error as { sentence: string }).sentence}`;
      }
    });
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "a reserved name | safetensors/reserved-name | a tensor cannot be named __metadata__, which the format reserves
      half of a surrogate pair | safetensors/utf8 | the name or metadata "\\ud800" holds half of a surrogate pair
      half of a pair in metadata | safetensors/utf8 | the name or metadata "\\udc00" holds half of a surrogate pair
      a shape that does not fit the data | safetensors/size | the tensor "a" of float32 [3] holds 2 elements of Float32Array
      a fractional size | safetensors/shape | the tensor "a" has the shape [0.5, 2]
      an array of another type | safetensors/size | the tensor "a" of int32 [1] holds 1 elements of Float32Array
      a bool of 2 | safetensors/bool | the tensor "a" holds a bool that is neither 0 nor 1
      too many axes | safetensors/too-many | the tensor "a" has 65 axes, more than 64"
    `);
  });
});

/** binary16 by its definition, in float64. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
