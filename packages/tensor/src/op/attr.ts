import type { DType } from "../dtype.ts";
import { ArgumentError } from "../errors.ts";

/** What tells values of one attribute apart: made at every recorded call, so numbers and lists are left as they are. */
export type AttrKey = string | number | readonly number[];

/** A runtime-checked attribute: one definition gives validation, the cache key and the static type. */
export interface Attr<T> {
  readonly describe: string;
  accepts(value: unknown): value is T;
  /** Equal keys mean equal values. */
  key(value: T): AttrKey;
}

export type Attrs = Readonly<Record<string, Attr<unknown>>>;
export type Values<A extends Attrs> = { readonly [K in keyof A]: A[K] extends Attr<infer T> ? T : never };

export const bool: Attr<boolean> = {
  describe: "a boolean",
  accepts: (value): value is boolean => typeof value === "boolean",
  key: Number,
};

export const integer: Attr<number> = {
  describe: "an integer",
  accepts: (value): value is number => Number.isSafeInteger(value),
  key: (value) => value,
};

export const number: Attr<number> = {
  describe: "a number",
  accepts: (value): value is number => typeof value === "number",
  // A map takes -0 for 0.
  key: (value) => (Object.is(value, -0) ? "-0" : value),
};

export const integers: Attr<readonly number[]> = {
  describe: "a list of integers",
  accepts: (value): value is readonly number[] => Array.isArray(value) && value.every((item) => Number.isSafeInteger(item)),
  key: (value) => value,
};

export function oneOf<const T extends string>(...choices: readonly T[]): Attr<T> {
  return {
    describe: `one of ${choices.join(", ")}`,
    accepts: (value): value is T => choices.some((choice) => choice === value),
    key: (value) => value,
  };
}

export const dtype: Attr<DType> = oneOf("float32", "float16", "int32", "uint8", "int8", "bool");

/** A value that only gradients look at: it does not change what the op computes, and so is no part of the key. */
export function gradientOnly<T extends object>(describe: string): Attr<T> {
  return {
    describe,
    accepts: (value): value is T => (typeof value === "object" && value !== null) || typeof value === "function",
    key: () => "",
  };
}

interface Checked {
  readonly name: string;
  readonly attrs: Readonly<Record<string, Attr<unknown>>>;
  readonly attrNames: readonly string[];
}

/** Checks every attribute; equal results mean equal values. 0 stands for none. */
export function checkAttrs(op: Checked, values: Readonly<Record<string, unknown>>): number {
  let known = noAttrs;
  for (const name of op.attrNames) {
    const attr = op.attrs[name];
    const value = values[name];
    if (attr === undefined) continue;
    if (!attr.accepts(value)) {
      throw new ArgumentError("argument/attribute", `${name} must be ${attr.describe}, not ${describeValue(value)}`, { subject: op.name });
    }
    const key = attr.key(value);
    if (typeof key !== "object") known = after(known, key);
    else {
      known = after(known, key.length);
      for (const part of key) known = after(known, part);
    }
  }
  return known.id;
}

/** Attribute values met so far, as a tree: its numbers stand for lists of values, for the length of the process. */
interface KnownAttrs {
  readonly id: number;
  readonly next: Map<string | number, KnownAttrs>;
}

const noAttrs: KnownAttrs = { id: 0, next: new Map() };
let nextAttrs = 1;

function after(known: KnownAttrs, key: string | number): KnownAttrs {
  let next = known.next.get(key);
  if (next === undefined) known.next.set(key, (next = { id: nextAttrs++, next: new Map() }));
  return next;
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(describeValue).join(", ")}]`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
