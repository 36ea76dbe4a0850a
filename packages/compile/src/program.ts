import { type DType, type State, type Tensor, topological } from "@gradus/tensor";

/** What one run computes: values for the host, and new values for state cells. */
export interface Program {
  readonly outputs: readonly Tensor[];
  readonly updates: readonly Update[];
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

/** A structural key: a hash, and the words behind it for when two hashes meet. */
export interface ProgramKey {
  readonly hash: number;
  readonly words: Int32Array;
}

/** Collects a graph and its structural key in one walk. */
export function readProgram(outputs: readonly Tensor[], updates: readonly Update[]): Program {
  const order = topological([...outputs, ...updates.map(({ value }) => value), ...updates.map(({ state }) => state.leaf())]);
  const leaves: Tensor[] = [];
  const states = new Map<State, number>();
  const words: number[] = [];
  for (const tensor of order) {
    const { source } = tensor;
    if (source.kind !== "op") {
      words.push(-1, sourceCodes[source.kind], dtypeCodes[tensor.dtype], tensor.shape.length, ...tensor.shape);
      if (source.kind === "state") states.set(source.state, leaves.length);
      leaves.push(tensor);
      continue;
    }
    const { op, attrsId, parents } = source;
    words.push(op.id, attrsId);
    for (const parent of parents) words.push(parent.walkPosition);
    if (!op.plain) for (const slot of op.slots) words.push(arity(source.x[slot] ?? null));
  }
  words.push(-2);
  for (const output of outputs) words.push(output.walkPosition);
  for (const { state, value } of updates) words.push(states.get(state) ?? -1, value.walkPosition);
  return { outputs, updates, order, leaves, key: { hash: hashOf(words), words: new Int32Array(words) } };
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

  delete(value: T): void {
    for (const [hash, bucket] of this.#buckets) {
      const left = bucket.filter((entry) => entry.value !== value);
      if (left.length === 0) this.#buckets.delete(hash);
      else this.#buckets.set(hash, left);
    }
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
const dtypeCodes: Readonly<Record<DType, number>> = { float32: 0, int32: 1, uint8: 2, bool: 3 };

function hashOf(words: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15);
  return hash | 0;
}

function sameWords(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
