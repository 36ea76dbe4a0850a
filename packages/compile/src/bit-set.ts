/** A set of small whole numbers as bits: joined with another in one pass over words. What reachability over thousands of kernels needs. */
export class BitSet {
  readonly #words: Uint32Array;

  /** Room for 0 to `count` - 1. */
  constructor(count: number) {
    this.#words = new Uint32Array((count + 31) >>> 5);
  }

  has(value: number): boolean {
    return (((this.#words[value >>> 5] ?? 0) >>> (value & 31)) & 1) === 1;
  }

  add(value: number): void {
    const at = value >>> 5;
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (value & 31));
  }

  delete(value: number): void {
    const at = value >>> 5;
    this.#words[at] = (this.#words[at] ?? 0) & ~(1 << (value & 31));
  }

  /** Takes in everything another set of the same room holds. */
  addAll(other: BitSet): void {
    const words = this.#words;
    const more = other.#words;
    for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) | (more[i] ?? 0);
  }
}
