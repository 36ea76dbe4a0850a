import { FormatError } from "@gradus/tensor";
import { inMessage } from "./in-message.ts";

/**
 * Reads the JSON of a header a token at a time, strictly.
 *
 * Not `JSON.parse`: it keeps the last of two equal keys without a word and rounds integers above 2^53,
 * and both have been used to make two readers see two different files.
 */
export class HeaderScanner {
  readonly #bytes: Uint8Array;
  /** Where `#bytes` begin in the file, so that errors name the file's own offsets. */
  readonly #base: number;
  #at = 0;

  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#base = base;
  }

  /** Reads `{"key": value, …}`, calling `member` at each value; two equal keys are refused. */
  object(what: string, member: (key: string) => void): void {
    this.#expect(openBrace, `{ of ${what}`);
    const keys = new Set<string>();
    if (this.#skipTo(closeBrace)) return;
    do {
      this.#space();
      const at = this.#at;
      const key = this.string(`a key of ${what}`);
      if (keys.has(key)) throw this.problem("duplicate-key", `the key ${inMessage(key)} appears twice in ${what}`, at);
      keys.add(key);
      this.#expect(colon, `: after the key ${inMessage(key)}`);
      member(key);
    } while (this.#skipTo(comma));
    this.#expect(closeBrace, `, or } in ${what}`);
  }

  /** Reads `[1, 2, …]` of at most `most` non-negative integers. */
  integers(what: string, most: number): number[] {
    this.#expect(openBracket, `[ of ${what}`);
    const values: number[] = [];
    if (this.#skipTo(closeBracket)) return values;
    do {
      if (values.length === most) throw this.problem("too-many", `${what} has more than ${most} numbers`);
      values.push(this.#integer(what));
    } while (this.#skipTo(comma));
    this.#expect(closeBracket, `, or ] in ${what}`);
    return values;
  }

  /** Reads one string: strict UTF-8, no bare control character, no lone surrogate. */
  string(what: string): string {
    this.#expect(quote, `the string of ${what}`);
    const bytes = this.#bytes;
    const start = this.#at;
    let ascii = true;
    let value = "";
    let run = start;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === undefined) throw this.problem("syntax", `the header ends inside ${what}`, start);
      if (byte === quote) break;
      if (byte < 0x20) throw this.problem("syntax", `${what} holds a bare control character`);
      if (byte >= 0x80) ascii = false;
      this.#at++;
      if (byte === backslash) {
        value += this.#text(run, this.#at - 1, ascii) + this.#escape(what);
        run = this.#at;
        ascii = true;
      }
    }
    value += this.#text(run, this.#at, ascii);
    this.#at++;
    if (!value.isWellFormed()) throw this.problem("utf8", `${what} holds half of a surrogate pair`, start);
    return value;
  }

  /** Nothing but spaces may follow: the format pads headers with them. */
  end(): void {
    while (this.#at < this.#bytes.length) {
      if (this.#bytes[this.#at] !== space) throw this.problem("syntax", "something other than spaces follows the header's closing }");
      this.#at++;
    }
  }

  /** The error for something wrong in the header, with the file's offset. */
  problem(rule: string, sentence: string, at = this.#at): FormatError {
    return new FormatError(`safetensors/${rule}`, sentence, { subject: "safetensors", facts: { byte: this.#base + at } });
  }

  #integer(what: string): number {
    this.#space();
    const start = this.#at;
    let value = 0;
    for (; ; this.#at++) {
      const digit = (this.#bytes[this.#at] ?? 0) - zero;
      if (!(digit >= 0 && digit <= 9)) break;
      if (this.#at > start && value === 0) throw this.problem("integer", `a number in ${what} begins with 0`, start);
      value = value * 10 + digit;
      // Below 2^53 the sum above is exact, so the first value past it is seen as such.
      if (value > Number.MAX_SAFE_INTEGER) throw this.problem("integer", `a number in ${what} is above 2^53 - 1`, start);
    }
    if (this.#at === start) throw this.problem("integer", `${what} needs whole numbers without sign, fraction or exponent`, start);
    const next = this.#bytes[this.#at];
    if (next === dot || next === 0x65 || next === 0x45)
      throw this.problem("integer", `${what} needs whole numbers without sign, fraction or exponent`, start);
    return value;
  }

  #text(from: number, to: number, ascii: boolean): string {
    if (from === to) return "";
    const bytes = this.#bytes.subarray(from, to);
    if (ascii && bytes.length < 64) return String.fromCharCode(...bytes);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw this.problem("utf8", "a string is not valid UTF-8", from);
    }
  }

  #escape(what: string): string {
    const byte = this.#bytes[this.#at++] ?? 0;
    const plain = escapes.get(byte);
    if (plain !== undefined) return plain;
    if (byte !== 0x75) throw this.problem("syntax", `${what} holds an unknown escape`, this.#at - 2);
    let unit = 0;
    for (let digit = 0; digit < 4; digit++) {
      const value = hexValue(this.#bytes[this.#at] ?? 0);
      if (value < 0) throw this.problem("syntax", `${what} holds a \\u escape without four hexadecimal digits`);
      unit = unit * 16 + value;
      this.#at++;
    }
    return String.fromCharCode(unit);
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== space && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #skipTo(byte: number): boolean {
    this.#space();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #expect(byte: number, what: string): void {
    if (this.#skipTo(byte)) return;
    throw this.problem("syntax", this.#at < this.#bytes.length ? `expected ${what}` : `the header ends where it needs ${what}`);
  }
}

const quote = 0x22;
const comma = 0x2c;
const dot = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const space = 0x20;

const escapes: ReadonlyMap<number, string> = new Map([
  [quote, '"'],
  [backslash, "\\"],
  [0x2f, "/"],
  [0x62, "\b"],
  [0x66, "\f"],
  [0x6e, "\n"],
  [0x72, "\r"],
  [0x74, "\t"],
]);

// `ignoreBOM` keeps a byte order mark as the character it is, so that names survive reading and writing.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
