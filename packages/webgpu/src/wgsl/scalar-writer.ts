import { type IndexAtom, type IndexExpression, isFloat, type Scalar } from "@gradus/tensor";
import { leafCode } from "./leaf.ts";
import type { Library } from "./library.ts";
import { integerLiteral, literal, shaderTypes } from "./types.ts";

/** What a scalar program's leaves stand for in a shader. */
export interface Surroundings {
  /** Reads element `index` of a load's buffer. */
  readonly load: (buffer: number, index: string) => string;
  /** The loop axes, by number. */
  readonly axes: readonly string[];
  /** The values of reductions, by slot. */
  readonly accumulators: readonly string[];
  /** Functions the module will need. */
  readonly library: Library;
}

/** Writes scalar programs as WGSL statements, each shared node once, and gives the names of their values. */
export class ScalarWriter {
  readonly #around: Surroundings;
  readonly #prefix: string;
  readonly #names = new Map<Scalar, string>();
  readonly #lines: string[] = [];

  /** `prefix` keeps the names of two writers in one scope apart. */
  constructor(around: Surroundings, prefix = "v") {
    this.#around = around;
    this.#prefix = prefix;
  }

  /** The statements so far. */
  get statements(): string {
    return this.#lines.join("\n");
  }

  /** An expression for the value, whose statements are written. */
  value(scalar: Scalar): string {
    const known = this.#names.get(scalar);
    if (known !== undefined) return known;
    const expression = this.#expression(scalar);
    const simple = scalar.kind === "constant" || scalar.kind === "accumulator";
    const name = simple ? expression : this.#let(shaderTypes[scalar.dtype], expression);
    this.#names.set(scalar, name);
    return name;
  }

  index(expression: IndexExpression): string {
    const terms = expression.terms.map(({ atom, coefficient }) => {
      const part = this.#atom(atom);
      return coefficient === 1 ? part : `${part} * ${integerLiteral(coefficient)}`;
    });
    if (expression.constant !== 0 || terms.length === 0) terms.push(integerLiteral(expression.constant));
    return terms.length === 1 ? (terms[0] ?? "0") : `(${terms.join(" + ")})`;
  }

  #let(type: string, expression: string): string {
    const name = `${this.#prefix}${this.#lines.length}`;
    this.#lines.push(`let ${name}: ${type} = ${expression};`);
    return name;
  }

  #expression(scalar: Scalar): string {
    switch (scalar.kind) {
      case "constant":
        if (isFloat(scalar.dtype)) this.#around.library.need("fromBits");
        return literal(scalar.dtype, scalar.value);
      case "index":
        return this.index(scalar.of);
      case "load":
        return this.#around.load(scalar.buffer, this.index(scalar.at));
      case "accumulator": {
        const name = this.#around.accumulators[scalar.slot];
        if (name === undefined) throw new RangeError(`there is no accumulator ${scalar.slot}`);
        return name;
      }
      case "call":
        return leafCode(
          this.#around.library,
          scalar,
          scalar.args.map((arg) => this.value(arg)),
        );
    }
    scalar satisfies never;
    throw new RangeError("unknown scalar");
  }

  #atom(atom: IndexAtom): string {
    switch (atom.kind) {
      case "axis": {
        const name = this.#around.axes[atom.axis];
        if (name === undefined) throw new RangeError(`there is no axis ${atom.axis}`);
        return name;
      }
      case "div":
        if (atom.of.min >= 0) return `(${this.index(atom.of)} / ${atom.by})`;
        this.#around.library.need("floorDivide");
        return `floorDivide(${this.index(atom.of)}, ${atom.by})`;
      case "mod":
        if (atom.of.min >= 0) return `(${this.index(atom.of)} % ${atom.by})`;
        this.#around.library.need("floorDivide");
        return `floorModulo(${this.index(atom.of)}, ${atom.by})`;
      case "clamp":
        return `clamp(${this.index(atom.of)}, ${atom.low}, ${atom.high})`;
      case "value": {
        const value = this.value(atom.value);
        return atom.value.dtype === "bool" ? `i32(${value})` : value;
      }
    }
    atom satisfies never;
    throw new RangeError("unknown index");
  }
}
