import { ArgumentError, type HostTensor, sameShape } from "@gradus/tensor";
import { dot, type Pair, type Vector } from "./direction.ts";

/** What L-BFGS carries from one move to the next, all of it float32, so that saving loses nothing. */
export class LbfgsMemory {
  /** Parameters' elements, all in one row. */
  readonly size: number;
  iterations = 0;
  evaluations = 0;
  #pairs: readonly Pair[] = [];
  /** The last move, and the gradient before it. */
  #last: { readonly move: Float32Array; readonly gradient: Float32Array } | null = null;
  readonly #most: number;

  constructor(size: number, most: number) {
    this.size = size;
    this.#most = most;
  }

  /** Remembered moves with a positive curvature, oldest first. */
  get pairs(): readonly Pair[] {
    return this.#pairs;
  }

  /** Takes the gradient that the last move led to. */
  observe(gradient: Float32Array): void {
    this.iterations++;
    const last = this.#last;
    if (last !== null) {
      const change = gradient.map((value, i) => value - (last.gradient[i] ?? 0));
      // Less curvature than this is noise, and would make the next direction arbitrarily long.
      if (dot(change, last.move) > 1e-10) this.#pairs = [...this.#pairs, { move: last.move, change }].slice(-this.#most);
    }
    this.#last = { move: new Float32Array(this.size), gradient };
  }

  /** Notes the move from the gradient observed last. */
  moved(direction: Vector, length: number): void {
    if (this.#last !== null) this.#last = { ...this.#last, move: Float32Array.from(direction, (value) => value * length) };
  }

  copy(): LbfgsMemory {
    const copy = new LbfgsMemory(this.size, this.#most);
    copy.replace(this);
    return copy;
  }

  replace(other: LbfgsMemory): void {
    this.iterations = other.iterations;
    this.evaluations = other.evaluations;
    this.#pairs = other.#pairs;
    this.#last = other.#last;
  }

  entries(): Map<string, HostTensor> {
    const rows = (row: (pair: Pair) => Float32Array): HostTensor => {
      const data = new Float32Array(this.#pairs.length * this.size);
      this.#pairs.forEach((pair, i) => data.set(row(pair), i * this.size));
      return { dtype: "float32", shape: [this.#pairs.length, this.size], data };
    };
    const entries = new Map<string, HostTensor>([
      ["iterations", { dtype: "int32", shape: [], data: Int32Array.of(this.iterations) }],
      ["evaluations", { dtype: "int32", shape: [], data: Int32Array.of(this.evaluations) }],
      ["moves", rows(({ move }) => move)],
      ["changes", rows(({ change }) => change)],
    ]);
    if (this.#last === null) return entries;
    for (const [name, data] of Object.entries(this.#last)) entries.set(name, { dtype: "float32", shape: [this.size], data: data.slice() });
    return entries;
  }

  /** @throws ArgumentError that lists what does not fit; then everything stays as it was. */
  load(entries: ReadonlyMap<string, HostTensor>): void {
    const count = entries.get("moves")?.shape[0] ?? 0;
    const wrong: string[] = [];
    const take = (name: string, shape: readonly number[], needed: boolean): Float32Array | null => {
      const entry = entries.get(name);
      if (entry === undefined && !needed) return null;
      if (entry?.data instanceof Float32Array && sameShape(entry.shape, shape)) return entry.data.slice();
      wrong.push(
        `${name}: ${entry === undefined ? "missing" : `${entry.dtype}[${entry.shape.join(", ")}]`} instead of float32[${shape.join(", ")}]`,
      );
      return null;
    };
    const moves = take("moves", [count, this.size], true);
    const changes = take("changes", [count, this.size], true);
    const move = take("move", [this.size], count > 0 || entries.has("gradient"));
    const gradient = take("gradient", [this.size], move !== null);
    const numbers = ["iterations", "evaluations"].map((name) => {
      const value = entries.get(name)?.data[0];
      if (value === undefined) wrong.push(`${name}: missing`);
      return value ?? 0;
    });
    if (wrong.length > 0 || moves === null || changes === null) {
      throw new ArgumentError("optimizer/state-mismatch", "the saved state does not fit, so nothing was loaded", {
        subject: "lbfgs",
        facts: { misfits: wrong.join("; ") },
        hint: "use the model that it was saved from",
      });
    }
    const rows = Array.from({ length: count }, (_, i) => [i * this.size, (i + 1) * this.size] as const);
    this.#pairs = rows.map(([from, to]) => ({ move: moves.slice(from, to), change: changes.slice(from, to) })).slice(-this.#most);
    this.#last = move === null || gradient === null ? null : { move, gradient };
    [this.iterations = 0, this.evaluations = 0] = numbers;
  }
}
