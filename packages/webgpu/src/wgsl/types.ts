import type { DType } from "@gradus/tensor";

/** What a value of a dtype is inside a shader: a half is the f32 that equals it. */
export const shaderTypes: Readonly<Record<DType, "f32" | "i32" | "bool">> = {
  float32: "f32",
  float16: "f32",
  int32: "i32",
  uint8: "i32",
  int8: "i32",
  bool: "bool",
};

/** A constant of a dtype. Infinities and NaN are no WGSL literals: they come from functions of the module (see `math.ts`). */
export function literal(dtype: DType, value: number): string {
  switch (dtype) {
    case "float32":
    case "float16":
      return floatLiteral(value);
    case "int32":
    case "uint8":
    case "int8":
      return integerLiteral(value);
    case "bool":
      return value !== 0 ? "true" : "false";
  }
  dtype satisfies never;
  throw new RangeError("unknown dtype");
}

export function integerLiteral(value: number): string {
  return value === -2147483648 ? "i32(-2147483648)" : value < 0 ? `(${value})` : String(value);
}

function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return "fromBits(0x7fc00000u)";
  const single = Math.fround(value);
  if (single === Number.POSITIVE_INFINITY) return "fromBits(0x7f800000u)";
  if (single === Number.NEGATIVE_INFINITY) return "fromBits(0xff800000u)";
  // Devices may flush subnormal literals; their bits stay.
  if (Object.is(single, -0)) return "fromBits(0x80000000u)";
  if (single !== 0 && Math.abs(single) < 1.1754944e-38) return `fromBits(${bitsOf(single)}u)`;
  const digits = String(single);
  const text = /[.e]/.test(digits) ? `${digits}f` : `${digits}.0f`;
  return single < 0 ? `(${text})` : text;
}

const scratch = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}
