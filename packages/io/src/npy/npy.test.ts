import { GradusError, type HostTensor } from "@gradus/tensor";
import { describe, expect, it } from "vitest";
import { fuzzBits, mutateBytes } from "../testing/mutate.ts";
import { decodeNpy, encodeNpy } from "../index.ts";

/** A file as numpy.save lays it out: magic, version 1.0, the header's length, a dictionary and spaces up to 128 bytes, data. */
function file(dictionary: string, data: readonly number[] | Uint8Array, version = "\x01\x00\x76\x00"): Uint8Array {
  const text = `\x93NUMPY${version}${dictionary}`.padEnd(127);
  return Uint8Array.from([...Array.from(text, (letter) => letter.charCodeAt(0)), 0x0a, ...data]);
}

const header = (descr: string, shape: string): string => `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("npy", () => {
  const arrays: readonly (readonly [HostTensor, descr: string, shape: string])[] = [
    [{ dtype: "int8", shape: [3], data: Int8Array.of(-128, -1, 127) }, "|i1", "(3,)"],
    [{ dtype: "uint8", shape: [2, 2], data: Uint8Array.of(0, 1, 200, 255) }, "|u1", "(2, 2)"],
    [{ dtype: "bool", shape: [], data: Uint8Array.of(1) }, "|b1", "()"],
    [{ dtype: "int32", shape: [1, 2], data: Int32Array.of(-(2 ** 31), 7) }, "<i4", "(1, 2)"],
    [{ dtype: "float32", shape: [2], data: Float32Array.of(0.1, -Infinity) }, "<f4", "(2,)"],
    [{ dtype: "float32", shape: [0, 3], data: new Float32Array(0) }, "<f4", "(0, 3)"],
  ];
  it.each(arrays)("%o", (tensor, descr, shape) => {
    const bytes = file(header(descr, shape), bytesOf(tensor.data));
    expect(encodeNpy(tensor)).toEqual(bytes);
    expect(decodeNpy(bytes)).toEqual(tensor);
  });

  it("writes float16 as <f2, which is read as float32", () => {
    const bytes = encodeNpy({ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xb800) });
    expect(bytes).toEqual(file(header("<f2", "(2,)"), [0, 0x3c, 0, 0xb8]));
    expect(decodeNpy(bytes)).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(1, -0.5) });
  });

  it("refuses to write what does not fill its shape", () => {
    expect(() => encodeNpy({ dtype: "int8", shape: [2], data: Int8Array.of(1) })).toThrow("int8 [2] holds 1 elements of Int8Array");
    expect(() => encodeNpy({ dtype: "int8", shape: [1], data: Uint8Array.of(1) })).toThrow("holds 1 elements of Uint8Array");
  });

  it("reads int64 where it fits, and names the first value that does not", () => {
    const wide = (...values: readonly bigint[]): Uint8Array =>
      file(header("<i8", `(${values.length},)`), bytesOf(BigInt64Array.from(values)));
    expect(decodeNpy(wide(-(2n ** 31n), 2n ** 31n - 1n))).toEqual({
      dtype: "int32",
      shape: [2],
      data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
    });
    expect(() => decodeNpy(wide(0n, 2n ** 53n + 1n, 2n ** 60n))).toThrowErrorMatchingInlineSnapshot(`
      [FormatError: npy: the array holds 9007199254740993 at element 1, outside int32
        element: 1
        code: npy/int32-range]
    `);
  });

  it("reads either order of bytes, any order of keys, and versions 2 and 3", () => {
    expect(decodeNpy(file(header(">i4", "(2,)"), [0, 0, 1, 0, 255, 255, 255, 254])).data).toEqual(Int32Array.of(256, -2));
    expect(decodeNpy(file("{'shape':(1,2) ,'descr':'<i2','fortran_order':False}", [1, 0, 255, 255])).data).toEqual(Int32Array.of(1, -1));
    for (const version of ["\x02\x00\x74\x00\x00\x00", "\x03\x00\x74\x00\x00\x00"])
      expect(decodeNpy(file(header("|i1", "(1,)"), [5], version)).data).toEqual(Int8Array.of(5));
  });

  it("rounds float64 only on request", () => {
    const bytes = file(header("<f8", "(1,)"), bytesOf(Float64Array.of(0.1)));
    expect(() => decodeNpy(bytes)).toThrow('pass { float64: "round" }');
    expect(decodeNpy(bytes, { float64: "round" }).data).toEqual(Float32Array.of(0.1));
  });
});

describe("npy, hostile", () => {
  const one = header("|i1", "(1,)");
  const refused: Readonly<Record<string, Uint8Array>> = {
    "nothing at all": new Uint8Array(0),
    "another file": Uint8Array.from([0x50, 0x4b, 3, 4]),
    "a later version": file(one, [1], "\x04\x00\x76\x00"),
    "an end in the header's length": file(one, [1]).subarray(0, 9),
    "a header longer than the file": file(one, [], "\x01\x00\xff\x00"),
    "a header of 4 GB": file(one, [], "\x02\x00\xff\xff\xff\xff"),
    "no dictionary": file("('descr',)", [1]),
    "code in place of a value": file("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }", [1]),
    "a key twice": file("{'descr': '|i1', 'descr': '|i1', 'fortran_order': False, 'shape': (1,)}", [1]),
    "an unknown key": file("{'descr': '|i1', 'fortran_order': False, 'shape': (1,), 'x': 1}", [1]),
    "a missing key": file("{'descr': '|i1', 'shape': (1,)}", [1]),
    "a shape that is a number": file(header("|i1", "(1)"), [1]),
    "a negative size": file(header("|i1", "(-1,)"), [1]),
    "a zero before a number": file(header("|i1", "(01,)"), [1]),
    "a size above 2^53": file(header("|i1", "(9007199254740993,)"), [1]),
    "sizes whose product is above 2^53": file(header("|i1", "(4294967296, 4294967296)"), [1]),
    "fewer bytes than the shape takes": file(header("<i4", "(2,)"), [1, 0, 0, 0]),
    "more bytes than the shape takes": file(one, [1, 2]),
    "Fortran's order": file("{'descr': '|i1', 'fortran_order': True, 'shape': (1,), }", [1]),
    "a dtype of objects": file(header("|O", "(1,)"), [1]),
    "a dtype named like a method": file(header("<constructor", "(1,)"), [1]),
    "a dtype of several fields": file("{'descr': [('a', '|i1')], 'fortran_order': False, 'shape': (1,), }", [1]),
    "words in no order": file(header("|i4", "(1,)"), [1, 0, 0, 0]),
    "a bool of 2": file(header("|b1", "(1,)"), [2]),
  };

  it("is refused with a code and a sentence", () => {
    const table = Object.entries(refused).map(([label, bytes]) => {
      try {
        decodeNpy(bytes);
        return `${label} | accepted`;
      } catch (error) {
        if (!(error instanceof GradusError)) throw error;
        return `${label} | ${error.code} | ${error.sentence}`;
      }
    });
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "nothing at all | npy/magic | the file does not begin with \\x93NUMPY
      another file | npy/magic | the file does not begin with \\x93NUMPY
      a later version | npy/version | the file is of version 4, and versions 1 to 3 are read
      an end in the header's length | npy/truncated | the file ends after 9 bytes, in the length of its header
      a header longer than the file | npy/truncated | the header claims 255 bytes and the file has 118
      a header of 4 GB | npy/header-length | the header claims 4294967295 bytes, more than 10000
      no dictionary | npy/syntax | the header is no dictionary: "('descr',)                                               ..."
      code in place of a value | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': __import__('os'), 'fortran_order': False, 'shap..."
      a key twice | npy/duplicate-key | the header has the key descr twice
      an unknown key | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), '..."
      a missing key | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': '|i1', 'shape': (1,)}                          ..."
      a shape that is a number | npy/syntax | the shape (1) is no tuple
      a negative size | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': '|i1', 'fortran_order': False, 'shape': (-1,), ..."
      a zero before a number | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': '|i1', 'fortran_order': False, 'shape': (01,), ..."
      a size above 2^53 | npy/integer | the shape (9007199254740993,) has a number above 2^53 - 1
      sizes whose product is above 2^53 | npy/size | an array of I8 [4294967296, 4294967296] takes more than 2^53 bytes and the file holds 1
      fewer bytes than the shape takes | npy/size | an array of I32 [2] takes 8 bytes and the file holds 4
      more bytes than the shape takes | npy/size | an array of I8 [1] takes 1 bytes and the file holds 2
      Fortran's order | npy/fortran-order | the array lies column by column
      a dtype of objects | npy/dtype | the dtype "|O" is not read
      a dtype named like a method | npy/dtype | the dtype "<constructor" is not read
      a dtype of several fields | npy/syntax | the header must hold descr, fortran_order and shape, and nothing else: "{'descr': [('a', '|i1')], 'fortran_order': False, 'shape'..."
      words in no order | npy/dtype | the dtype "|i4" is not read
      a bool of 2 | npy/bool | the array holds a bool that is 2, neither 0 nor 1"
    `);
  });

  it("65 axes are too many", () => {
    const text = `\x93NUMPY\x01\x00\x00\x02${header("|i1", `(${"1, ".repeat(65)})`)}`.padEnd(10 + 512);
    expect(() => decodeNpy(Uint8Array.from([...Array.from(text, (letter) => letter.charCodeAt(0)), 1]))).toThrow("65 axes, more than 64");
  });

  const cases = Number(process.env["GRADUS_FUZZ_CASES"] ?? 3000);
  it(`damage (${cases} cases) gives an array that fills its shape, or a typed error`, { timeout: 600_000 }, () => {
    const words = ["(", ",)", "'shape'", "<i8", "True", "}", ", ", " "].map((word) => new TextEncoder().encode(word));
    const corpus = [
      [header("<i4", "(1, 1)"), [1, 0, 0, 0]],
      [header("|i1", "(3,)"), [1, 2, 3]],
    ] as const;
    const bits = fuzzBits(4);
    let accepted = 0;
    for (let n = 0; n < cases; n++) {
      try {
        const [text, values] = corpus[n % 2] ?? expect.unreachable();
        // Half of the time only the dictionary is damaged, or little would get past the lengths.
        const damaged =
          n % 4 < 2
            ? mutateBytes(file(text, values), bits, words)
            : file(String.fromCharCode(...mutateBytes(new TextEncoder().encode(text), bits, words)), values);
        const { shape, data } = decodeNpy(damaged);
        expect(shape.reduce((size, extent) => size * extent, 1)).toBe(data.length);
        accepted++;
      } catch (error) {
        if (!(error instanceof GradusError)) throw error;
      }
    }
    expect(accepted).toBeGreaterThan(cases / 1000);
  });
});
