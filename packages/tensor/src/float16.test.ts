import { describe, expect, test } from "vitest";
import { float16Bits, float16Value, hostFrom, numbersOf, roundToFloat16, tensor } from "./index.ts";
import { add, cast, div, exp, greater, matmul, mean, mul, relu, softmax, sum } from "./ops/public.ts";

/** The host's own halves, where it has them: Node 24 and browsers of 2025. */
const HostHalves: unknown = Reflect.get(globalThis, "Float16Array");

/** What the host makes of numbers, as bits. */
function hostBits(values: readonly number[]): Uint16Array {
  if (typeof HostHalves !== "function") throw new RangeError("this host has no Float16Array");
  const halves: unknown = Reflect.construct(HostHalves, [values]);
  if (!ArrayBuffer.isView(halves)) throw new RangeError("the host's Float16Array is no view");
  return new Uint16Array(halves.buffer);
}

const magnitudes = Array.from({ length: 0x7c00 }, (_, bits) => float16Value(bits));

describe("halves", () => {
  test("are told by their bits", () => {
    const known: readonly (readonly [number, number])[] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x83ff, -1023 * 2 ** -24],
      [0x7c00, Infinity],
      [0xfc00, -Infinity],
    ];
    for (const [bits, value] of known) {
      expect(float16Value(bits)).toBe(value);
      expect(float16Bits(value)).toBe(bits);
    }
    expect(float16Value(0x7e00)).toBeNaN();
    expect(float16Bits(Number.NaN)).toBe(0x7e00);
  });

  test("every one comes back from its number", () => {
    const numbers = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0);
    expect(numbers.filter((bits) => float16Bits(float16Value(bits)) !== bits)).toEqual([]);
  });

  test.skipIf(typeof HostHalves !== "function")("are rounded as the host's Float16Array does (needs Node 24)", () => {
    const between = magnitudes.flatMap((value, i) => {
      const middle = (value + (magnitudes[i + 1] ?? 65536)) / 2;
      return [value, middle, middle * (1 - 2 ** -52), middle * (1 + 2 ** -52)];
    });
    const values = [...between, 65520, 65519.99, 1e6, 2 ** -25, 2 ** -26, 5e-324, Infinity, Number.NaN].flatMap((value) => [value, -value]);
    const want = hostBits(values);
    const wrong = values.filter((value, i) => {
      const bits = want[i] ?? 0;
      if (Number.isNaN(value)) return !Number.isNaN(roundToFloat16(value));
      return float16Bits(value) !== bits || !Object.is(roundToFloat16(value), float16Value(bits));
    });
    expect(wrong).toEqual([]);
  });
});

describe("float16 tensors", () => {
  const half = (values: readonly number[]) => tensor([...values], { dtype: "float16" });

  test("hold bits on the host, given as numbers or as bits", async () => {
    expect(await half([1, -0.5, 1e6]).data()).toEqual(Uint16Array.of(0x3c00, 0xb800, 0x7c00));
    expect(tensor(Uint16Array.of(0x3c00)).dtype).toBe("float16");
    expect(await half([0.1]).item()).toBe(roundToFloat16(0.1));
    expect(numbersOf("float16", hostFrom("float16", [0.5, 3]))).toEqual(Float32Array.of(0.5, 3));
  });

  test("keep their dtype beside numbers and under functions, and give it up to means and softmax", () => {
    const x = half([1, 2]);
    for (const y of [add(x, 1), mul(x, 0.1), div(1, x), exp(x), relu(x), sum(x)]) expect(y.dtype).toBe("float16");
    expect(greater(x, 0.1).dtype).toBe("bool");
    for (const y of [mean(x), softmax(x), cast(x, "float32")]) expect(y.dtype).toBe("float32");
  });

  test("are multiplied with halves only", () => {
    const one = tensor([[1]], { dtype: "float16" });
    expect(matmul(one, one).dtype).toBe("float16");
    expect(() => matmul(one, tensor([[1]]))).toThrow(/dtypes differ \(float16 and float32\)/);
  });
});
