import { type DType, type State, type Tensor, topological } from "@gradus/tensor";

/** What one run computes: values for the host, and new values for state cells. */
export interface Program {
  readonly outputs: readonly Tensor[];
  readonly updates: readonly RecordedUpdate[];
  /** Every tensor involved, producers first. */
  readonly order: readonly Tensor[];
  /** Tensors whose values are given: host data, arguments, state, kept buffers; in order of first use. */
  readonly leaves: readonly Tensor[];
  /** Equal keys mean the same structure: what the cache of executables is looked up by. */
  readonly key: ProgramKey;
}

export interface Update {
  readonly state: State;
  readonly value: Tensor;
}

/** An update with the cell's value before it as the program knows it: the cell's own leaf is another one after each update. */
export interface RecordedUpdate extends Update {
  readonly old: Tensor;
}

/** A structural key: a hash, and the words behind it for when two hashes meet. */
export interface ProgramKey {
  readonly hash: number;
  readonly words: Int32Array;
}

/** Collects a graph and its structural key in one walk. */
export function readProgram(outputs: readonly Tensor[], updates: readonly Update[]): Program {
  const roots = outputs.slice();
  for (const { value } of updates) roots.push(value);
  const recorded = updates.map(({ state, value }) => ({ state, value, old: state.leaf() }));
  for (const { old } of recorded) roots.push(old);
  const order = topological(roots);
  const leaves: Tensor[] = [];
  const states = new Map<State, number>();
  const words = new Words();
  for (const tensor of order) {
    const { source, shape } = tensor;
    if (source.kind !== "op") {
      words.reserve(4 + shape.length);
      words.add(-1);
      words.add(sourceCodes[source.kind]);
      words.add(dtypeCodes[tensor.dtype]);
      words.add(shape.length);
      for (const extent of shape) words.add(extent);
      if (source.kind === "state") states.set(source.state, leaves.length);
      leaves.push(tensor);
      continue;
    }
    const { op, attrsId, parents } = source;
    words.reserve(2 + parents.length + op.slots.length);
    words.add(op.id);
    words.add(attrsId);
    for (const parent of parents) words.add(parent.walkPosition);
    if (!op.plain) for (const slot of op.slots) words.add(arity(source.x[slot] ?? null));
  }
  words.reserve(1 + outputs.length + 2 * updates.length);
  words.add(-2);
  for (const output of outputs) words.add(output.walkPosition);
  for (const { state, value } of updates) {
    words.add(states.get(state) ?? -1);
    words.add(value.walkPosition);
  }
  return { outputs, updates: recorded, order, leaves, key: words.key() };
}

/** A key under construction, in memory that the next one uses again. */
class Words {
  static #scratch = new Int32Array(1 << 14);
  #words = Words.#scratch;
  #length = 0;

  /** Makes room for so many more. */
  reserve(count: number): void {
    if (this.#length + count <= this.#words.length) return;
    const larger = new Int32Array(2 * (this.#length + count));
    larger.set(this.#words);
    this.#words = Words.#scratch = larger;
  }

  add(word: number): void {
    this.#words[this.#length++] = word;
  }

  key(): ProgramKey {
    const words = this.#words.slice(0, this.#length);
    return { hash: hashOf(words), words };
  }
}

/** Values by program structure. */
export class ProgramCache<T> {
  readonly #buckets = new Map<number, { words: Int32Array; value: T }[]>();

  get({ hash, words }: ProgramKey): T | undefined {
    return this.#buckets.get(hash)?.find((entry) => sameWords(entry.words, words))?.value;
  }

  set({ hash, words }: ProgramKey, value: T): void {
    const bucket = this.#buckets.get(hash);
    if (bucket === undefined) this.#buckets.set(hash, [{ words, value }]);
    else bucket.push({ words, value });
  }

  *values(): Generator<T> {
    for (const bucket of this.#buckets.values()) for (const { value } of bucket) yield value;
  }

  /** True if it was there. */
  delete(value: T): boolean {
    for (const [hash, bucket] of this.#buckets) {
      const left = bucket.filter((entry) => entry.value !== value);
      if (left.length === bucket.length) continue;
      if (left.length === 0) this.#buckets.delete(hash);
      else this.#buckets.set(hash, left);
      return true;
    }
    return false;
  }

  clear(): void {
    this.#buckets.clear();
  }
}

function arity(slot: Tensor | readonly Tensor[] | null): number {
  if (slot === null) return -3;
  return Array.isArray(slot) ? slot.length : -4;
}

const sourceCodes: Readonly<Record<Tensor["source"]["kind"], number>> = { op: 0, host: 1, state: 2, argument: 3, kept: 4 };
const dtypeCodes: Readonly<Record<DType, number>> = { float32: 0, int32: 1, uint8: 2, bool: 3, float16: 4, int8: 5 };

function hashOf(words: Int32Array): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15);
  return hash | 0;
}

function sameWords(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
