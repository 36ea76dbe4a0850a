import { GradusError, type HostTensor } from "@gradus/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzBits, mutateBytes } from "../testing/mutate.ts";
import { headerLength, parseHeader, type SafetensorsHeader } from "./header.ts";
import { file, tensor } from "./header-file.test.support.ts";
import { encodeSafetensors, readSafetensors } from "../index.ts";

const cases = Number(process.env["GRADUS_FUZZ_CASES"] ?? 3000);
const timeout = 600_000;

/** The header of a whole file, or the typed error; anything else thrown fails the test. */
function parse(bytes: Uint8Array): SafetensorsHeader | GradusError {
  try {
    const length = headerLength(bytes.subarray(0, 16), bytes.length);
    return parseHeader(bytes.subarray(8, 8 + length), bytes.length);
  } catch (error) {
    if (error instanceof GradusError) return error;
    throw error;
  }
}

/** What `JSON.parse`, the laxer reader, makes of a header that was accepted: the two must have seen the same file. */
function asJson(bytes: Uint8Array): unknown {
  const length = headerLength(bytes, bytes.length);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length)));
}

function asObject({ metadata, tensors }: SafetensorsHeader, withMetadata: boolean): unknown {
  const entries: [string, unknown][] = [...tensors].map(([name, { element, shape, begin, end }]) => [
    name,
    { dtype: element, shape, data_offsets: [begin, end] },
  ]);
  if (withMetadata) entries.push(["__metadata__", Object.fromEntries(metadata)]);
  return Object.fromEntries(entries);
}

function checkAccepted(bytes: Uint8Array, header: SafetensorsHeader): void {
  const json = asJson(bytes);
  const metadata = typeof json === "object" && json !== null && Object.hasOwn(json, "__metadata__");
  expect(asObject(header, metadata)).toEqual(json);
  const covered = [...header.tensors.values()].reduce((sum, { begin, end }) => sum + end - begin, 0);
  expect(covered).toBe(bytes.length - header.dataBegin);
}

const name = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("__proto__", "constructor", "toString", "", "a.b.weight"),
);
const anyTensor: fc.Arbitrary<HostTensor> = fc
  .tuple(fc.constantFrom("float32", "int32", "uint8", "int8", "bool"), fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), fc.nat())
  .map(([dtype, shape, seed]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bits = fuzzBits(seed);
    const bytes = Uint8Array.from({ length: size * (dtype === "float32" || dtype === "int32" ? 4 : 1) }, () =>
      dtype === "bool" ? bits() & 1 : bits() & 255,
    );
    switch (dtype) {
      case "float32":
        return { dtype, shape, data: new Float32Array(bytes.buffer) };
      case "int32":
        return { dtype, shape, data: new Int32Array(bytes.buffer) };
      case "int8":
        return { dtype, shape, data: new Int8Array(bytes.buffer) };
      case "uint8":
      case "bool":
        return { dtype, shape, data: bytes };
    }
  });
const anyTensors = fc
  .array(fc.tuple(name, anyTensor), { maxLength: 5 })
  .map((pairs) => new Map(pairs.filter(([key]) => key !== "__metadata__" && key.isWellFormed())));
const anyMetadata = fc
  .array(fc.tuple(name, name), { maxLength: 3 })
  .map((pairs) => new Map(pairs.filter(([key, value]) => key.isWellFormed() && value.isWellFormed())));

describe("safetensors under fuzzing", () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype).sort();

  it(`survives byte damage (${cases} cases) with a value or a typed error`, { timeout }, () => {
    const two =
      '{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"v":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}';
    const corpus = [
      file(two, 11),
      file(tensor("\\u00e9\u00e9", "I64", "[]", "[0,8]"), 8),
      file(`${tensor("e", "BF16", "[0,5]", "[0,0]")}  `, 0),
      file("{}", 0),
    ];
    const dictionary = [
      '"a":',
      "[0,",
      ",",
      "}",
      "{",
      "9007199254740993",
      "-1",
      "1e9",
      '"__proto__":',
      "\\u0061",
      '"shape"',
      "F16",
      " ",
      "[[[[",
      "\n",
    ].map((word) => new TextEncoder().encode(word));
    const bits = fuzzBits(1);
    let accepted = 0;
    for (let n = 0; n < cases; n++) {
      let bytes = mutateBytes(corpus[n % corpus.length] ?? new Uint8Array(0), bits, dictionary);
      // Half of the time the length is mended, or little would get past it.
      if (bytes.length > 10 && (bits() & 1) === 1) {
        bytes = bytes.slice();
        const end = bytes.lastIndexOf(0x7d) + 1;
        if (end > 9) new DataView(bytes.buffer).setUint32(0, end - 8, true);
      }
      const header = parse(bytes);
      if (header instanceof GradusError) continue;
      accepted++;
      checkAccepted(bytes, header);
    }
    expect(accepted).toBeGreaterThan(cases / 100);
  });

  it(`reads back whatever the writer wrote (${cases} cases)`, { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(anyTensors, anyMetadata, async (tensors, metadata) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const read = await readSafetensors(bytes);
        const again = new Map<string, HostTensor>();
        for (const key of read.names) again.set(key, await read.get(key));
        expect(encodeSafetensors(again, read.metadata)).toEqual(bytes);
        expect([again.size, read.metadata.size]).toEqual([tensors.size, metadata.size]);
      }),
      { numRuns: cases, seed: 2 },
    );
  });

  it(`sees the same file as JSON.parse, or refuses it, when fields are wrong in every way (${cases} cases)`, { timeout }, () => {
    const number = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(-1, 0.5, 1e21, 2 ** 53, Number.MAX_SAFE_INTEGER, 2 ** 32));
    const entry = fc.record(
      {
        dtype: fc.constantFrom("U8", "F32", "I64", "BOOL", "F4", "__proto__"),
        shape: fc.oneof(fc.array(number, { maxLength: 3 }), fc.constant(null)),
        data_offsets: fc.array(number, { minLength: 1, maxLength: 3 }),
        extra: fc.oneof(fc.constant("x"), fc.jsonValue()),
      },
      { requiredKeys: ["dtype", "shape", "data_offsets"] },
    );
    const header = fc.tuple(
      fc.dictionary(name, fc.oneof({ weight: 8, arbitrary: entry }, fc.jsonValue()), { maxKeys: 3 }),
      fc.constantFrom(undefined, 1, "\t"),
      fc.nat({ max: 20 }),
    );
    fc.assert(
      fc.property(header, ([object, indent, dataBytes]) => {
        const bytes = file(JSON.stringify(object, null, indent), dataBytes);
        const result = parse(bytes);
        if (!(result instanceof GradusError)) checkAccepted(bytes, result);
      }),
      { numRuns: cases, seed: 3 },
    );
  });

  it("leaves Object.prototype as it was", () => {
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototype);
  });

  it("reads a header of 50,000 tensors", () => {
    const headerOf = (count: number) => {
      const parts = Array.from(
        { length: count },
        (_, i) => `"${i.toString(36)}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
      );
      return file(`{${parts.join(",")}}`, count);
    };
    const header = parse(headerOf(50_000));
    expect(header instanceof GradusError ? header : header.tensors.size).toBe(50_000);
  });
});
