import { type DType, type HostData, hostArray } from "./dtype.ts";
import { numbersOf } from "./float16.ts";
import { ArgumentError, StaleError } from "./errors.ts";
import type { KeptTensor } from "./kept.ts";
import type { AnyOp, Aval } from "./op/define.ts";
import { currentRuntime } from "./runtime.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { State } from "./state.ts";

/** Where a tensor's value comes from. */
export type Source =
  | {
      readonly kind: "op";
      readonly op: AnyOp;
      /** Inputs by slot name. */
      readonly x: Readonly<Record<string, Tensor | readonly Tensor[] | null>>;
      readonly attrs: Readonly<Record<string, unknown>>;
      /** Stands for the attributes' values: equal numbers mean equal values. */
      readonly attrsId: number;
      /** The same inputs, flat, in slot order. */
      readonly parents: readonly Tensor[];
    }
  /** Data the host holds; `computed` if it was a graph until its value was read. */
  | { readonly kind: "host"; readonly computed: boolean }
  /** What a state cell held after its `version`-th update; `computed` if it was a graph until the update was carried out. */
  | { readonly kind: "state"; readonly state: State; readonly version: number; readonly computed: boolean }
  /** An argument of a function being compiled. */
  | { readonly kind: "argument"; readonly position: number }
  /** A `KeptTensor`, whose buffer stays on the device until it is freed. */
  | { readonly kind: "kept" };

/**
 * A value in the lazy graph: shape and dtype at once, data when it is asked for.
 *
 * Making one costs no device memory; nothing has to be freed.
 */
export class Tensor implements Aval {
  readonly shape: Shape;
  readonly dtype: DType;
  #source: Source;
  #host: HostData | null;
  #running: Promise<void> | null = null;
  /** The walk over a graph that last met this tensor, and its position in that walk's order: scratch of `topological`. */
  walkNumber = 0;
  walkPosition = 0;

  constructor({ shape, dtype }: Aval, source: Source, host: HostData | null = null) {
    this.shape = shape;
    this.dtype = dtype;
    this.#source = source;
    this.#host = host;
  }

  get source(): Source {
    return this.#source;
  }

  /** The host's copy, once there is one. */
  get host(): HostData | null {
    return this.#host;
  }

  /** Called by the runtime with the computed value. The tensor is data from then on, and lets its graph go. */
  settle(host: HostData): void {
    this.#host = host;
    this.#source = { kind: "host", computed: true };
  }

  /** Called when the value has been written into a state cell: from then on the tensor reads the cell, and lets its graph go. */
  store(state: State, version: number): void {
    if (this.#source.kind === "op") this.#source = { kind: "state", state, version, computed: true };
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The tensor an op should read: itself, or for a state cell its present value. */
  value(): Tensor {
    return this;
  }

  /**
   * The values, row-major, as a typed array of the dtype (bool and uint8: `Uint8Array`; int8: `Int8Array`; float16: the bits, which `numbersOf` reads).
   * Runs whatever is needed to know them. The array is the caller's to read; later reads return the same one.
   *
   * @throws StaleError if it depends on a parameter that a later step has overwritten.
   */
  async data(): Promise<HostData> {
    const tensor = this.value();
    await tensor.#running;
    if (tensor.host === null) await currentRuntime().evaluate([tensor]);
    if (tensor.host === null) throw new StaleError("tensor/no-value", "the backend returned no value", { subject: "data" });
    return tensor.host;
  }

  /**
   * The only element, as a number.
   *
   * @throws ArgumentError if there are more elements, or none.
   */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ArgumentError("argument/item", `item() needs exactly one element, and this tensor has ${this.size}`, {
        subject: "item",
        facts: { shape: this.shape },
        hint: "use data() for all of them, or reduce first (mean, sum)",
      });
    }
    const [value] = numbersOf(this.dtype, await this.data());
    return value ?? Number.NaN;
  }

  /**
   * The value, computed and kept on the device until it is freed: for what is read again and again.
   *
   * Example: `using table = await embed(words).keep();`
   *
   * @throws MemoryError when the device has no room.
   */
  async keep(): Promise<KeptTensor> {
    const [kept] = await currentRuntime().keep([this]);
    if (kept === undefined) throw new StaleError("tensor/no-value", "the backend kept no value", { subject: "keep" });
    return kept;
  }

  /** Called by the runtime when the value is on its way: `data()` waits for it. */
  running(done: Promise<void>): void {
    this.#running = done;
  }

  toString(): string {
    return `${this.dtype}[${this.shape.join(", ")}]`;
  }
}

/** Wraps host data as a tensor, without copying. */
export function fromHost(shape: Shape, dtype: DType, data: HostData): Tensor {
  return new Tensor({ shape, dtype }, { kind: "host", computed: false }, data);
}

/** A host array of a tensor's size and dtype, zeroed. */
export function hostLike({ shape, dtype }: Aval): HostData {
  return hostArray(dtype, sizeOf(shape));
}
