import { type DType, isFloat, type LeafName, type Scalar } from "@gradus/tensor";
import type { FunctionName } from "./functions.ts";
import type { Library } from "./library.ts";

/** WGSL for one leaf of arguments already written. int32, uint8 and int8 are i32, kept in range; bool is bool. */
export function leafCode(library: Library, { leaf, dtype, args }: Extract<Scalar, { kind: "call" }>, values: readonly string[]): string {
  const from = args[0]?.dtype ?? dtype;
  const [a = "", b = "", c = ""] = values;
  const call = (name: FunctionName): string => {
    library.need(name);
    return `${name}(${values.join(", ")})`;
  };
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the other leaves are arithmetic, and the default's functions answer for each
  switch (leaf) {
    case "select":
      return `select(${c}, ${b}, ${truth(a, from)})`;
    case "equal":
      return `(${a} == ${b})`;
    case "notEqual":
      return from === "float32" ? `!(${a} == ${b})` : `(${a} != ${b})`;
    case "less":
      return `(${asNumber(a, from)} < ${asNumber(b, from)})`;
    case "lessEqual":
      return `(${asNumber(a, from)} <= ${asNumber(b, from)})`;
    case "not":
      return `!${truth(a, from)}`;
    case "and":
      return dtype === "bool" ? `(${a} && ${b})` : `(${a} & ${b})`;
    case "or":
      return dtype === "bool" ? `(${a} || ${b})` : `(${a} | ${b})`;
    case "xor":
      return dtype === "bool" ? `(${a} != ${b})` : `(${a} ^ ${b})`;
    case "toFloat32":
      return isFloat(from) ? a : `f32(${a})`;
    case "toFloat16":
      library.need("halfValue");
      library.need("halfBits");
      return `halfValue(halfBits(${a}))`;
    case "toInt32":
      return from === "float32" ? call("saturate32") : asNumber(a, from);
    case "toUint8":
    case "toInt8":
      return wrapped(from === "float32" ? call("saturate32") : asNumber(a, from), dtype);
    case "toBool":
      return truth(a, from);
    case "bitsOf":
      return `bitcast<i32>(${a})`;
    case "fromBits":
      return `bitcast<f32>(${a})`;
    case "single":
      return a;
    default:
      return from === "float32" ? floatCode(leaf, values, call) : integerCode(library, leaf, dtype, values);
  }
}

function truth(value: string, from: DType): string {
  if (from === "bool") return value;
  return from === "float32" ? `(!(${value} == 0.0f))` : `(${value} != 0)`;
}

function asNumber(value: string, from: DType): string {
  return from === "bool" ? `i32(${value})` : value;
}

/** The low byte of an i32 as its dtype reads it; int32 as it is. */
function wrapped(value: string, dtype: DType): string {
  if (dtype === "uint8") return `(${value} & 255)`;
  return dtype === "int8" ? `extractBits(${value}, 0u, 8u)` : value;
}

/** Leaves that depend on the dtype they compute in. */
type Arithmetic = Exclude<
  LeafName,
  | "select"
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "not"
  | "and"
  | "or"
  | "xor"
  | "toFloat32"
  | "toFloat16"
  | "toInt32"
  | "toUint8"
  | "toInt8"
  | "toBool"
  | "bitsOf"
  | "fromBits"
  | "single"
>;

function floatCode(leaf: Arithmetic, [a = "", b = ""]: readonly string[], call: (name: FunctionName) => string): string {
  switch (leaf) {
    case "add":
      return `(${a} + ${b})`;
    case "sub":
      return `(${a} - ${b})`;
    case "mul":
      return `(${a} * ${b})`;
    case "div":
      return `(${a} / ${b})`;
    case "larger":
      return `select(${a}, ${b}, ${a} < ${b})`;
    case "neg":
      return call("negative");
    case "abs":
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      return `${leaf}(${a})`;
    case "sign":
      return call("signOf");
    case "sqrt":
      return call("root");
    case "max":
      return call("maximum");
    case "min":
      return call("minimum");
    case "exp":
      return call("exponential");
    case "log":
      return call("logarithm");
    case "pow":
      return call("power");
    case "rem":
      return call("remainder");
    case "sin":
      return call("sine");
    case "cos":
      return call("cosine");
    case "tan":
      return call("tangent");
    case "asin":
      return call("arcSine");
    case "acos":
      return call("arcCosine");
    case "atan":
      return call("arcTangent");
    case "atan2":
      return call("arcTangent2");
    case "sinh":
      return call("hyperbolicSine");
    case "cosh":
      return call("hyperbolicCosine");
    case "tanh":
      return call("hyperbolicTangent");
    case "asinh":
      return call("areaSine");
    case "acosh":
      return call("areaCosine");
    case "atanh":
      return call("areaTangent");
    case "expm1":
      return call("exponentialLess1");
    case "log1p":
      return call("logarithmPlus1");
    case "erf":
      return call("errorFunction");
    case "shiftLeft":
    case "shiftRight":
      throw new RangeError(`${leaf} has no code for float32`);
    default:
      return leaf satisfies never;
  }
}

function integerCode(library: Library, leaf: Arithmetic, dtype: DType, [a = "", b = ""]: readonly string[]): string {
  const wrap = (value: string): string => wrapped(value, dtype);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the other leaves are of floats alone
  switch (leaf) {
    case "neg":
      return wrap(`(0 - ${a})`);
    case "abs":
      return wrap(`abs(${a})`);
    case "sign":
      return `sign(${a})`;
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      return a;
    case "add":
      return wrap(`(${a} + ${b})`);
    case "sub":
      return wrap(`(${a} - ${b})`);
    case "mul":
      return wrap(`(${a} * ${b})`);
    case "div":
    case "rem":
      library.need("integerDivide");
      return leaf === "div" ? `integerDivide(${a}, ${b})` : `integerRemainder(${a}, ${b})`;
    case "max":
    case "larger":
      return `max(${a}, ${b})`;
    case "min":
      return `min(${a}, ${b})`;
    case "shiftLeft":
      return wrap(`(${a} << (u32(${b}) & 31u))`);
    case "shiftRight":
      return `bitcast<i32>(bitcast<u32>(${a}) >> (u32(${b}) & 31u))`;
    default:
      throw new RangeError(`${leaf} has no code for ${dtype}`);
  }
}
