import { FormatError } from "@gradus/tensor";

/** Reads a value of a JSON document, or says where the document is not what it should be. */
export type Decoder<T> = (value: unknown, path: string) => T;

/** Throws the error of all decoders: FormatError "format/report" with the place and what was expected there. */
export function refuse(path: string, expected: string, value: unknown): never {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : JSON.stringify(value);
  throw new FormatError("format/report", `${path} should be ${expected}, not ${(found ?? "missing").slice(0, 60)}`, { subject: "bench" });
}

/** Text, with spaces for characters that would steer a terminal. */
export const text: Decoder<string> = (value, path) =>
  // oxlint-disable-next-line eslint/no-control-regex -- they are what is looked for
  typeof value === "string" ? value.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ") : refuse(path, "text", value);

export const boolean: Decoder<boolean> = (value, path) => (typeof value === "boolean" ? value : refuse(path, "true or false", value));

/** A finite number, at least `least`. */
export function number(least: number): Decoder<number> {
  return (value, path) =>
    typeof value === "number" && Number.isFinite(value) && value >= least ? value : refuse(path, `a number of at least ${least}`, value);
}

export const count: Decoder<number> = (value, path) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : refuse(path, "a whole number", value);

export function oneOf<const T extends string | number>(...allowed: readonly T[]): Decoder<T> {
  return (value, path) =>
    allowed.find((each) => each === value) ?? refuse(path, allowed.map((each) => JSON.stringify(each)).join(" or "), value);
}

export function nullable<T>(decoder: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null ? null : decoder(value, path));
}

export function list<T>(decoder: Decoder<T>): Decoder<readonly T[]> {
  return (value, path) => (Array.isArray(value) ? value.map((each, i) => decoder(each, `${path}[${i}]`)) : refuse(path, "a list", value));
}

/** An object with any keys, whose values are alike. */
export function record<T>(decoder: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (value, path) => Object.fromEntries(entries(value, path).map(([key, each]) => [key, decoder(each, `${path}.${key}`)]));
}

/** An object with these keys; others are dropped. */
export function object<T extends object>(fields: { readonly [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  return (value, path) => {
    const given = new Map(entries(value, path));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one decoded value for each key of T
    return Object.fromEntries(
      Object.entries<Decoder<unknown>>(fields).map(([key, decoder]) => [key, decoder(given.get(key), `${path}.${key}`)]),
    ) as T;
  };
}

/** One of several objects, told apart by the text under `tag`. */
export function tagged<T>(tag: string, variants: Readonly<Record<string, Decoder<T>>>): Decoder<T> {
  return (value, path) => {
    const kind = oneOf(...Object.keys(variants))(new Map(entries(value, path)).get(tag), `${path}.${tag}`);
    return variants[kind]?.(value, path) ?? refuse(path, "an object", value);
  };
}

function entries(value: unknown, path: string): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : refuse(path, "an object", value);
}
