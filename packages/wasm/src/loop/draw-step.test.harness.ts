import { bytesOf, type LoopStep, type PlanBuffer } from "@gradus/compile";
import {
  addIndex,
  axisIndex,
  clampIndex,
  type Combine,
  constantIndex,
  divIndex,
  type DType,
  float16Bits,
  type HostData,
  hostArray,
  type IndexExpression,
  type LeafName,
  modIndex,
  offsetIndex,
  type Scalar,
  ScalarBuilder,
  scaleIndex,
  type Shape,
  sizeOf,
  valueIndex,
} from "@gradus/tensor";
import type { StepCase } from "./run-step.test.harness.ts";

/** A source of choices: `below(n)` is a whole number in 0 .. n - 1. */
export interface Choices {
  below(n: number): number;
}

const extents = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 17];
const combines: readonly Combine[] = ["sum", "sum", "max", "min", "argmax", "argmin", "prod"];
/** What a reduction of nothing has a value for. */
const emptyCombines: readonly Combine[] = ["sum", "prod"];
const floatLeaves: readonly LeafName[] = ["add", "sub", "mul", "max", "min", "larger"];
const integerLeaves: readonly LeafName[] = ["add", "sub", "mul", "max", "min", "div", "rem", "and", "or", "xor"];
const truthLeaves: readonly LeafName[] = ["less", "lessEqual", "equal", "notEqual"];

/** A read whose size is known once every load of it has been drawn. */
interface Source {
  readonly dtype: DType;
  size: number;
  /** Indices into another source lie below this; 0 for ordinary data. */
  readonly limit: number;
}

/** A random loop step with data on which float32 is exact, so that it can be compared with float64 to the bit. */
export function drawStep(choices: Choices): StepCase {
  return new StepDrawing(choices).make();
}

class StepDrawing {
  readonly #s = new ScalarBuilder();
  readonly #sources: Source[] = [];
  readonly #choices: Choices;
  #axes: Shape = [];

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  make(): StepCase {
    const size = (): number => (this.#below(40) === 0 ? 0 : this.#pick(extents));
    const parallel = Array.from({ length: this.#below(4) }, size);
    const reduce = this.#below(2) === 0 ? [] : Array.from({ length: 1 + this.#below(2) }, size);
    // Long enough for the parts and streams of a long reduction.
    if (reduce.length > 0 && sizeOf([...parallel, ...reduce]) < 200 && this.#below(2) === 0)
      reduce[this.#below(reduce.length)] = this.#pick([64, 100, 131, 150]);
    const terms: { combine: Combine; value: Scalar }[] = [];
    this.#axes = [...parallel, ...reduce];
    if (reduce.length > 0) {
      for (let i = this.#below(4) === 0 ? 2 : 1; i > 0; i--) {
        const combine = this.#pick(reduce.includes(0) ? emptyCombines : combines);
        // A product of ones and minus ones stays exact.
        const value =
          combine === "prod"
            ? this.#s.call("select", this.#load("bool"), this.#s.constant("float32", 1), this.#s.constant("float32", -1))
            : this.#value(this.#pick(["float32", "float32", "int32", "uint8", "int8"]), 2);
        terms.push({ combine, value });
      }
    }
    this.#axes = parallel;
    const accumulators = terms.map(({ combine, value }, slot) =>
      this.#s.accumulator(slot, combine.startsWith("arg") ? "int32" : value.dtype),
    );
    const values = Array.from({ length: 1 + this.#below(2) }, () => {
      const accumulator = accumulators[this.#below(Math.max(1, accumulators.length))];
      if (accumulator === undefined) return this.#value(this.#pick(["float32", "float32", "float16", "int32", "uint8", "int8", "bool"]), 3);
      if (this.#below(2) === 0) return accumulator;
      return accumulator.dtype === "bool" ? accumulator : this.#s.call("add", accumulator, this.#value(accumulator.dtype, 1));
    });

    const buffers: PlanBuffer[] = [];
    const add = (shape: Shape, dtype: DType): number =>
      buffers.push({ shape, dtype, bytes: bytesOf({ shape, dtype }), place: { kind: "arena", offset: 0 }, label: `b${buffers.length}` }) -
      1;
    const reads = this.#sources.map(({ size: length, dtype }) => add([length], dtype));
    const writes = values.map((value) => ({ buffer: add(parallel, value.dtype), value }));
    const step: LoopStep = { kind: "loop", label: "drawn", extents: parallel, reduce, terms, reads, writes };
    return { step, buffers, inputs: this.#sources.map((source) => this.#data(source)) };
  }

  #value(dtype: DType, depth: number): Scalar {
    const s = this.#s;
    const part = (type: DType): Scalar => this.#value(type, depth - 1);
    if (depth === 0) return this.#leaf(dtype);
    switch (this.#below(6)) {
      case 0:
        return this.#leaf(dtype);
      case 1:
        return s.call("select", part("bool"), part(dtype), part(dtype));
      case 2: {
        if (dtype === "float16") return s.call("toFloat16", part("float32"));
        const from = this.#pick([
          "float32",
          "int32",
          "uint8",
          "int8",
          "bool",
          ...(dtype === "float32" ? (["float16"] as const) : []),
        ] as const);
        if (dtype === "float32") return this.#small(s.call("toFloat32", part(from)));
        return s.call(({ int32: "toInt32", uint8: "toUint8", int8: "toInt8", bool: "toBool" } as const)[dtype], part(from));
      }
      default:
        break;
    }
    switch (dtype) {
      case "float32":
        return this.#below(4) === 0
          ? s.call(this.#pick(["neg", "abs", "floor", "sign"]), part("float32"))
          : this.#small(s.call(this.#pick(floatLeaves), part("float32"), part("float32")));
      case "int32":
        if (this.#below(4) === 0)
          return s.call(this.#pick(["shiftLeft", "shiftRight"]), part("int32"), s.constant("int32", this.#below(31)));
        return s.call(this.#pick(integerLeaves), part("int32"), part("int32"));
      case "float16":
        return s.call("toFloat16", part("float32"));
      case "uint8":
        return s.call(this.#pick(["add", "sub", "mul", "max", "min"]), part("uint8"), part("uint8"));
      case "int8":
        if (this.#below(4) === 0) return s.call(this.#pick(["neg", "abs", "sign"]), part("int8"));
        return s.call(this.#pick(["add", "sub", "mul", "max", "min", "rem"]), part("int8"), part("int8"));
      case "bool": {
        if (this.#below(3) === 0) return s.call(this.#pick(["and", "or", "xor"]), part("bool"), part("bool"));
        if (this.#below(4) === 0) return s.call("not", part("bool"));
        const from = this.#pick(["float32", "int32", "uint8", "int8"] as const);
        return s.call(this.#pick(truthLeaves), part(from), part(from));
      }
    }
    dtype satisfies never;
    throw new RangeError("unknown dtype");
  }

  /** Held to a few hundred, so that sums and products of such values are exact in float32. */
  #small(value: Scalar): Scalar {
    return this.#s.call("max", this.#s.call("min", value, this.#s.constant("float32", 200)), this.#s.constant("float32", -200));
  }

  #leaf(dtype: DType): Scalar {
    switch (this.#below(8)) {
      case 0:
        return this.#s.constant(dtype, dtype === "bool" ? this.#below(2) : this.#below(5));
      case 1:
        return dtype === "int32" ? this.#s.index(this.#index(2)) : this.#load(dtype);
      case 2:
        return this.#window(dtype);
      default:
        return this.#load(dtype);
    }
  }

  #load(dtype: DType): Scalar {
    const at = this.#index(2);
    return this.#loadAt(dtype, offsetIndex(at, -at.min));
  }

  /** A padded read: its value where the index is inside, a constant elsewhere. */
  #window(dtype: DType): Scalar {
    const inside = 1 + this.#below(9);
    const at = offsetIndex(this.#index(1), -this.#below(4));
    const condition = this.#s.within(at, 0, inside);
    const value = this.#loadAt(dtype, clampIndex(at, inside));
    return condition === null ? value : this.#s.call("select", condition, value, this.#s.constant(dtype, 1));
  }

  #loadAt(dtype: DType, at: IndexExpression): Scalar {
    const fits = this.#sources.flatMap((source, i) => (source.dtype === dtype && source.limit === 0 ? [i] : []));
    const known = fits.length > 0 && this.#below(2) === 0 ? this.#pick(fits) : null;
    const id = known ?? this.#sources.push({ dtype, size: 1, limit: 0 }) - 1;
    const source = this.#sources[id];
    if (source !== undefined) source.size = Math.max(source.size, at.max + 1);
    return this.#s.load(id, dtype, at);
  }

  /** Sums of strides, divisions and remainders as pooling makes them, clamps, and indices read from data. */
  #index(depth: number): IndexExpression {
    let index = constantIndex(this.#below(3));
    this.#axes.forEach((extent, axis) => {
      const coefficient = this.#pick([0, 1, 1, 1, 2, 3, 4, 8, -1, -2]);
      if (extent > 0) index = addIndex(index, scaleIndex(axisIndex(axis, extent), coefficient));
    });
    if (depth === 0) return index;
    switch (this.#below(7)) {
      case 0:
        index = divIndex(this.#index(depth - 1), this.#pick([2, 3, 4, 5, 8]));
        break;
      case 1:
        index = modIndex(this.#index(depth - 1), this.#pick([2, 3, 4, 5, 8]));
        break;
      case 2:
        index = clampIndex(this.#index(depth - 1), 1 + this.#below(6));
        break;
      case 3: {
        const limit = 1 + this.#below(7);
        const at = this.#index(depth - 1);
        const from = offsetIndex(at, -at.min);
        const id = this.#sources.push({ dtype: "int32", size: from.max + 1, limit }) - 1;
        index = addIndex(valueIndex(this.#s.load(id, "int32", from), limit), this.#below(2) === 0 ? constantIndex(0) : index);
        break;
      }
      case 4:
        index = addIndex(modIndex(this.#index(0), 2), scaleIndex(divIndex(this.#index(0), 2), this.#pick([1, 3, 6])));
        break;
      default:
        break;
    }
    return index;
  }

  #data({ dtype, size, limit }: Source): HostData {
    const data = hostArray(dtype, size);
    const odd = this.#below(4) === 0;
    for (let i = 0; i < size; i++) {
      if (limit > 0) data[i] = this.#below(limit);
      else if (dtype === "float32")
        data[i] =
          odd && this.#below(6) === 0 ? this.#pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) : this.#below(9) - 4;
      else if (dtype === "float16")
        data[i] = odd && this.#below(6) === 0 ? this.#pick([0x7e00, 0x7c00, 0xfc00]) : float16Bits(this.#below(9) - 4);
      else if (dtype === "int32") data[i] = odd && this.#below(6) === 0 ? this.#pick([-2147483648, 2147483647, -1]) : this.#below(19) - 9;
      else data[i] = dtype === "bool" ? this.#below(2) : this.#below(256);
    }
    return data;
  }

  #below(n: number): number {
    return this.#choices.below(n);
  }

  #pick<T>(options: readonly T[]): T {
    const option = options[this.#below(options.length)];
    if (option === undefined) throw new RangeError("nothing to choose from");
    return option;
  }
}
