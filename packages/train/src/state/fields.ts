import { FormatError } from "@gradus/tensor";
import type { MetricValue } from "../metric/metric.ts";

/** A JSON object from a file, read field by field; whatever is not as expected is a `FormatError` that names it. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #subject: string;
  readonly #path: string;

  private constructor(value: unknown, subject: string, path: string) {
    this.#subject = subject;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#wrong("", "an object", value);
    this.#values = new Map<string, unknown>(Object.entries(value));
  }

  static parse(text: string, subject: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FormatError("record/json", "the record is not valid JSON", { subject, cause });
    }
    return new Fields(value, subject, "");
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  isNull(name: string): boolean {
    return this.#values.get(name) === null;
  }

  number(name: string): number {
    const value = this.#values.get(name);
    const number = typeof value === "string" ? nonFinite.get(value) : value;
    if (typeof number !== "number") throw this.#wrong(name, "a number", value);
    return number;
  }

  whole(name: string): number {
    const value = this.#values.get(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw this.#wrong(name, "a whole number", value);
    return value;
  }

  /** A finite number that is not negative. */
  amount(name: string): number {
    const value = this.number(name);
    if (!(value >= 0 && Number.isFinite(value))) throw this.#wrong(name, "a number of 0 or more", value);
    return value;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (typeof value !== "string") throw this.#wrong(name, "a text", value);
    return value;
  }

  truth(name: string): boolean {
    const value = this.#values.get(name);
    if (typeof value !== "boolean") throw this.#wrong(name, "true or false", value);
    return value;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const text = this.text(name);
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw this.#wrong(name, `one of ${allowed.join(", ")}`, text);
    return found;
  }

  inner(name: string): Fields {
    return new Fields(this.#values.get(name), this.#subject, this.#at(name));
  }

  innerOrNull(name: string): Fields | null {
    return this.isNull(name) ? null : this.inner(name);
  }

  list(name: string): readonly Fields[] {
    return this.#array(name).map((item, i) => new Fields(item, this.#subject, `${this.#at(name)}[${i}]`));
  }

  numbers(name: string): readonly number[] {
    return this.#array(name).map((item, i) => this.#numberIn(item, `${name}[${i}]`));
  }

  texts(name: string): readonly string[] {
    return this.#array(name).map((item, i) => {
      if (typeof item !== "string") throw this.#wrong(`${name}[${i}]`, "a text", item);
      return item;
    });
  }

  /** A number, a list of numbers, or a list of lists of numbers. */
  nested(name: string): MetricValue {
    const value = this.#values.get(name);
    if (!Array.isArray(value)) return this.#numberIn(value, name);
    const rows: readonly unknown[] = value;
    if (!rows.some((row) => Array.isArray(row))) return this.numbers(name);
    return rows.map((row, i) => {
      if (!Array.isArray(row)) throw this.#wrong(`${name}[${i}]`, "a list", row);
      return row.map((item: unknown, j) => this.#numberIn(item, `${name}[${i}][${j}]`));
    });
  }

  #numberIn(value: unknown, name: string): number {
    const number = typeof value === "string" ? nonFinite.get(value) : value;
    if (typeof number !== "number") throw this.#wrong(name, "a number", value);
    return number;
  }

  #array(name: string): readonly unknown[] {
    const value = this.#values.get(name);
    if (!Array.isArray(value)) throw this.#wrong(name, "a list", value);
    return value;
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #wrong(name: string, expected: string, value: unknown): FormatError {
    const at = name === "" ? this.#path : this.#at(name);
    const found = value === undefined ? "missing" : (JSON.stringify(value) ?? "missing").slice(0, 60);
    return new FormatError("record/field", `${at === "" ? "the record" : at} must be ${expected}, not ${found}`, {
      subject: this.#subject,
    });
  }
}

const nonFinite: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
