import type { DType } from "@gradus/tensor";

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

/**
 * How a shader reaches its operands: WGSL for reads, writes and declarations.
 *
 * Values are f32, i32 (int32 and uint8) or bool. One-byte dtypes lie four to a word; whoever writes them writes whole words.
 */
export class ShaderMemory {
  readonly #slots: readonly Slot[];
  readonly #bindings: readonly Binding[];
  readonly #vectors = new Set<number>();

  constructor(slots: readonly Slot[], bindings: readonly Binding[]) {
    this.#slots = slots;
    this.#bindings = bindings;
  }

  /** Element `index` (an i32 expression) of an operand. */
  load(operand: number, index: string): string {
    const { dtype } = this.#slot(operand);
    switch (dtype) {
      case "float32":
        return this.#word(operand, index, "f32");
      case "int32":
        return this.#word(operand, index, "i32");
      case "uint8":
        return `i32(${this.#byte(operand, index)})`;
      case "bool":
        return `(${this.#byte(operand, index)} != 0u)`;
    }
    dtype satisfies never;
    throw new RangeError("unknown dtype");
  }

  /** Writes element `index` of an operand of 4-byte elements. */
  store(operand: number, index: string, value: string): string {
    const { dtype } = this.#slot(operand);
    const type = dtype === "float32" ? "f32" : "i32";
    return `${this.#place(operand, index)} = ${convert(value, type, this.#typeOf(operand))};`;
  }

  /** Writes the `word`-th four elements of an operand of one-byte elements. */
  storeWord(operand: number, word: string, value: string): string {
    return `${this.#place(operand, word)} = ${convert(value, "u32", this.#typeOf(operand))};`;
  }

  /** Whether elements are bytes, written a word at a time. */
  inBytes(operand: number): boolean {
    return isByte(this.#slot(operand).dtype);
  }

  /**
   * Asks for an operand of floats in fours; granted where all that share its binding are such, at its start, and `together` with it.
   * Then `loadVector` and `storeVector` may be used on them, and nothing else.
   */
  asVectors(operand: number, together: ReadonlySet<number> = new Set([operand])): boolean {
    const { binding } = this.#slot(operand);
    const fit = this.#slots.every(
      (slot, i) => slot.binding !== binding || (together.has(i) && slot.offset === 0 && slot.dtype === "float32"),
    );
    const whole = (this.#bindings[binding]?.bytes ?? 0) % 16 === 0;
    if (!fit || !whole) return false;
    this.#vectors.add(binding);
    return true;
  }

  /** Whether an operand was granted by `asVectors`. */
  isVectors(operand: number): boolean {
    return this.#vectors.has(this.#slot(operand).binding);
  }

  /** The `index`-th four floats of an operand granted by `asVectors`. */
  loadVector(operand: number, index: string): string {
    return `b${this.#slot(operand).binding}[${index}]`;
  }

  /** Writes the `index`-th four floats of an operand granted by `asVectors`. */
  storeVector(operand: number, index: string, value: string): string {
    return `b${this.#slot(operand).binding}[${index}] = ${value};`;
  }

  /** The bindings' declarations; call it when all else has been written. */
  declarations(): string {
    return this.#bindings
      .map(({ written }, i) => {
        const element = this.#vectors.has(i) ? "vec4<f32>" : this.#type(i);
        return `@group(0) @binding(${i}) var<storage, ${written ? "read_write" : "read"}> b${i}: array<${element}>;\n`;
      })
      .join("");
  }

  #word(operand: number, index: string, as: WordType): string {
    return convert(this.#place(operand, index), this.#typeOf(operand), as);
  }

  #byte(operand: number, index: string): string {
    const word = convert(this.#place(operand, `(${index}) >> 2u`), this.#typeOf(operand), "u32");
    return `((${word} >> (u32((${index}) & 3) * 8u)) & 255u)`;
  }

  #place(operand: number, index: string): string {
    const { binding, offset } = this.#slot(operand);
    return offset === 0 ? `b${binding}[${index}]` : `b${binding}[(${index}) + ${offset}]`;
  }

  #slot(operand: number): Slot {
    const slot = this.#slots[operand];
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

type WordType = "f32" | "i32" | "u32";

const wordTypes: Readonly<Record<DType, WordType>> = { float32: "f32", int32: "i32", uint8: "u32", bool: "u32" };

export function isByte(dtype: DType): boolean {
  return dtype === "uint8" || dtype === "bool";
}

function convert(value: string, from: WordType, to: WordType): string {
  return from === to ? value : `bitcast<${to}>(${value})`;
}
