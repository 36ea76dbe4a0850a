import type { DType } from "@gradus/tensor";
import type { Extension, FunctionName } from "./functions.ts";

/** Where a shader finds one operand: a binding, and the first 4-byte word of it there. */
export interface Slot {
  readonly dtype: DType;
  readonly binding: number;
  readonly offset: number;
}

/** One `var<storage>` of a shader. */
export interface Binding {
  readonly written: boolean;
  readonly bytes: number;
}

/** What the parts of a shader have asked for: bindings in fours, and functions. */
interface Written {
  readonly vectors: Set<number>;
  readonly needs: Set<FunctionName>;
}

/** How halves become floats: by their bits, the same on every device, or by the device's conversion, which may take subnormals for zeros. */
export type Widening = "by bits" | "by device";

/**
 * How a shader reaches its operands: WGSL for reads, writes and declarations.
 *
 * Values are f32 (float32 and float16), i32 (int32, uint8 and int8) or bool. Bytes lie four to a word and halves two; whoever writes them
 * writes whole words. But a binding that holds nothing except halves is an array of f16 on a device that has them, and is written
 * by the element.
 */
export class ShaderMemory {
  readonly #slots: readonly Slot[];
  readonly #bindings: readonly Binding[];
  readonly #f16: boolean;
  readonly #written: Written;
  readonly #first: number;

  constructor(
    slots: readonly Slot[],
    bindings: readonly Binding[],
    { f16 }: { readonly f16: boolean },
    written: Written = { vectors: new Set(), needs: new Set() },
    first = 0,
  ) {
    this.#slots = slots;
    this.#bindings = bindings;
    this.#f16 = f16;
    this.#written = written;
    this.#first = first;
  }

  /** The same memory for a part of the shader whose operand 0 is operand `first` here. */
  from(first: number): ShaderMemory {
    return new ShaderMemory(this.#slots, this.#bindings, { f16: this.#f16 }, this.#written, this.#first + first);
  }

  /** The functions that what was written so far calls. */
  get needs(): Iterable<FunctionName> {
    return this.#written.needs;
  }

  /** What the bindings' types are of. */
  get extensions(): readonly Extension[] {
    return this.#bindings.some((_, i) => this.#isHalves(i)) ? ["f16"] : [];
  }

  /** Element `index` (an i32 expression) of an operand. */
  load(operand: number, index: string, widening: Widening = "by bits"): string {
    const { dtype, binding } = this.#slot(operand);
    switch (dtype) {
      case "float32":
        return this.#word(operand, index, "f32");
      case "float16":
        if (this.#isHalves(binding)) {
          const half = this.#place(operand, index);
          return widening === "by device" ? `f32(${half})` : this.#call("halfToFloat", half);
        }
        this.#written.needs.add("halfValue");
        return `halfValue(${this.#narrow(operand, index, 16)})`;
      case "int32":
        return this.#word(operand, index, "i32");
      case "uint8":
        return `i32(${this.#narrow(operand, index, 8)})`;
      case "int8":
        return `extractBits(i32(${this.#narrow(operand, index, 8)}), 0u, 8u)`;
      case "bool":
        return `(${this.#narrow(operand, index, 8)} != 0u)`;
    }
    dtype satisfies never;
    throw new RangeError("unknown dtype");
  }

  /** Writes element `index` of an operand whose elements are written one by one. */
  store(operand: number, index: string, value: string): string {
    const { dtype, binding } = this.#slot(operand);
    if (this.#isHalves(binding)) return `${this.#place(operand, index)} = ${this.#call("floatToHalf", value)};`;
    if (this.perWord(operand) > 1) throw new RangeError(`one ${dtype} cannot be written without its neighbours in a word`);
    const type = dtype === "float32" ? "f32" : "i32";
    return `${this.#place(operand, index)} = ${convert(value, type, this.#typeOf(operand))};`;
  }

  /** The bits of a value of a narrow operand, in the place of lane `lane` (an i32 expression) of its word. */
  packed(operand: number, value: string, lane: string): string {
    const { dtype } = this.#slot(operand);
    if (dtype === "float16") this.#written.needs.add("halfBits");
    return `${this.#bitsOf(dtype, value)} << (u32(${lane}) * ${32 / elementsPerWord[dtype]}u)`;
  }

  /** Writes the `word`-th whole word of an operand of narrow elements. */
  storeWord(operand: number, word: string, value: string): string {
    if (!this.#isHalves(this.#slot(operand).binding))
      return `${this.#place(operand, word)} = ${convert(value, "u32", this.#typeOf(operand))};`;
    const [low, high] = [0, 1].map((lane) => this.#place(operand, `2 * (${word}) + ${lane}`));
    return `{ let halves = bitcast<vec2<f16>>(${value}); ${low ?? ""} = halves.x; ${high ?? ""} = halves.y; }`;
  }

  /** How many elements are written together, a word of them where it is several. */
  perWord(operand: number): number {
    const { dtype, binding } = this.#slot(operand);
    return this.#isHalves(binding) ? 1 : elementsPerWord[dtype];
  }

  /**
   * Asks for an operand of floats in fours; granted where all that share its binding are such, at its start, and `together` with it.
   * Then `loadVector` and `storeVector` may be used on them, and nothing else.
   */
  asVectors(operand: number, together: ReadonlySet<number> = new Set([operand])): boolean {
    const { binding, dtype } = this.#slot(operand);
    const isHalves = this.#isHalves(binding);
    const fit = this.#slots.every(
      (slot, i) => slot.binding !== binding || (together.has(i - this.#first) && slot.offset === 0 && slot.dtype === dtype),
    );
    const whole = (this.#bindings[binding]?.bytes ?? 0) % (isHalves ? 8 : 16) === 0;
    if (!(isHalves || dtype === "float32") || !fit || !whole) return false;
    this.#written.vectors.add(binding);
    return true;
  }

  /** Whether an operand was granted by `asVectors`. */
  isVectors(operand: number): boolean {
    return this.#written.vectors.has(this.#slot(operand).binding);
  }

  /** The `index`-th four floats, or halves, of an operand granted by `asVectors`. */
  loadVector(operand: number, index: string, widening: Widening = "by bits"): string {
    const { binding } = this.#slot(operand);
    const four = `b${binding}[${index}]`;
    if (!this.#isHalves(binding)) return four;
    return widening === "by device" ? `vec4<f32>(${four})` : this.#call("halvesToFloats", four);
  }

  /** Writes the `index`-th four of an operand granted by `asVectors`. */
  storeVector(operand: number, index: string, value: string): string {
    const { binding } = this.#slot(operand);
    return `b${binding}[${index}] = ${this.#isHalves(binding) ? this.#call("floatsToHalves", value) : value};`;
  }

  /** The bindings' declarations; call it when all else has been written. */
  declarations(): string {
    return this.#bindings
      .map(({ written }, i) => {
        const scalar = this.#isHalves(i) ? "f16" : this.#type(i);
        const element = this.#written.vectors.has(i) ? `vec4<${scalar}>` : scalar;
        return `@group(0) @binding(${i}) var<storage, ${written ? "read_write" : "read"}> b${i}: array<${element}>;\n`;
      })
      .join("");
  }

  #word(operand: number, index: string, as: WordType): string {
    return convert(this.#place(operand, index), this.#typeOf(operand), as);
  }

  /** The bits of an element narrower than a word. */
  #narrow(operand: number, index: string, width: 8 | 16): string {
    const shift = width === 8 ? 2 : 1;
    const word = convert(this.#place(operand, `(${index}) >> ${shift}u`), this.#typeOf(operand), "u32");
    return `((${word} >> (u32((${index}) & ${32 / width - 1}) * ${width}u)) & ${2 ** width - 1}u)`;
  }

  #bitsOf(dtype: DType, value: string): string {
    if (dtype === "float16") return `halfBits(${value})`;
    // A constant below zero is no u32, and has to be an i32 first.
    return dtype === "int8" ? `(bitcast<u32>(i32(${value})) & 255u)` : `(u32(${value}) & 255u)`;
  }

  #place(operand: number, index: string): string {
    const { binding, offset: words } = this.#slot(operand);
    const offset = this.#isHalves(binding) ? 2 * words : words;
    return offset === 0 ? `b${binding}[${index}]` : `b${binding}[(${index}) + ${offset}]`;
  }

  #call(name: FunctionName, value: string): string {
    this.#written.needs.add(name);
    return `${name}(${value})`;
  }

  #isHalves(binding: number): boolean {
    return this.#f16 && holdsHalves(this.#slots, binding);
  }

  #slot(operand: number): Slot {
    const slot = this.#slots[this.#first + operand];
    if (slot === undefined) throw new RangeError(`a kernel has no operand ${operand}`);
    return slot;
  }

  #typeOf(operand: number): WordType {
    return this.#type(this.#slot(operand).binding);
  }

  /** A binding's own type is its operands', or bits where they differ. */
  #type(binding: number): WordType {
    const types = new Set(this.#slots.filter((slot) => slot.binding === binding).map(({ dtype }) => wordTypes[dtype]));
    const [only] = types;
    return types.size === 1 && only !== undefined ? only : "u32";
  }
}

/** Whether a binding holds halves and nothing else. */
export function holdsHalves(slots: readonly Slot[], binding: number): boolean {
  return slots.every((slot) => slot.binding !== binding || slot.dtype === "float16");
}

type WordType = "f32" | "i32" | "u32";

const wordTypes: Readonly<Record<DType, WordType>> = {
  float32: "f32",
  int32: "i32",
  float16: "u32",
  uint8: "u32",
  int8: "u32",
  bool: "u32",
};

/** Elements that lie in one word of device memory. */
export const elementsPerWord: Readonly<Record<DType, number>> = { float32: 1, int32: 1, float16: 2, uint8: 4, int8: 4, bool: 4 };

function convert(value: string, from: WordType, to: WordType): string {
  return from === to ? value : `bitcast<${to}>(${value})`;
}
