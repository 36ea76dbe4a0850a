import type { HostData } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import type { Aval } from "./op/define.ts";
import { sameShape } from "./shape.ts";
import { hostLike, Tensor } from "./tensor.ts";

/** A buffer a backend holds for a state cell. */
export interface StateBuffer {
  read(): HostData | Promise<HostData>;
  free(): void;
}

/**
 * A named cell that keeps its value from step to step: a parameter, an optimizer slot, a running statistic.
 *
 * Reading it in tensor code gives its present value; `assign` records an update that takes effect when the step runs.
 * It allocates nothing until used. `label` is the name errors and checkpoints use.
 */
export class State extends Tensor {
  label: string;
  /** Counts carried-out updates. */
  version = 0;
  /** The value on the host, where that is the newest; null while the device's is. */
  current: HostData | null = null;
  /** The value on the device, owned by the runtime that runs steps. */
  buffer: StateBuffer | null = null;
  #initial: () => HostData;
  #pending: Tensor | null = null;
  #leaf: Tensor | null = null;

  constructor(aval: Aval, label: string, initial: () => HostData = () => hostLike(aval)) {
    super(aval, { kind: "host", computed: false });
    this.label = label;
    this.#initial = initial;
  }

  /** The update waiting to be carried out, if any. */
  get pending(): Tensor | null {
    return this.#pending;
  }

  override value(): Tensor {
    return this.#pending ?? this.leaf();
  }

  /** The value before any pending update, as a tensor of the graph. */
  leaf(): Tensor {
    const { source } = this.#leaf ?? this;
    if (this.#leaf === null || source.kind !== "state" || source.version !== this.version) {
      this.#leaf = new Tensor(this, { kind: "state", state: this, version: this.version, computed: false });
    }
    return this.#leaf;
  }

  /**
   * Records that the next step leaves `next` in this cell.
   *
   * @throws ShapeError if shape or dtype differ.
   */
  assign(next: Tensor): void {
    const value = next.value();
    if (!sameShape(value.shape, this.shape) || value.dtype !== this.dtype) {
      throw new ShapeError("state/assign", `cannot hold ${value}`, { subject: this.label, facts: { cell: super.toString() } });
    }
    this.#pending = value;
    pendingStates.add(this);
  }

  /** Forgets a recorded update. */
  discard(): void {
    this.#pending = null;
    pendingStates.delete(this);
  }

  /** Called by the runtime when an update has been carried out, or is on its way to the device; the tensor that was recorded for it then reads the cell. */
  advance(carried: Tensor | null): void {
    if (this.#pending === carried) this.discard();
    this.version++;
    this.current = null;
    carried?.store(this, this.version);
  }

  /** Replaces the value from the host at once; a recorded update is dropped. */
  set(data: HostData): void {
    if (data.length !== this.size) {
      throw new ShapeError("state/set", `cannot hold ${data.length} values`, { subject: this.label, facts: { cell: super.toString() } });
    }
    this.discard();
    this.version++;
    this.current = data;
  }

  /** The newest host value, made by the initialiser on first use; null while only the device has it. */
  hostValue(): HostData | null {
    if (this.current === null && this.buffer === null) this.current = this.#initial();
    return this.current;
  }

  override async data(): Promise<HostData> {
    if (this.#pending !== null) return super.data();
    return this.hostValue() ?? (await this.buffer?.read()) ?? hostLike(this);
  }

  /** Gives the device's buffer back. The value is lost unless the host has it. */
  free(): void {
    this.buffer?.free();
    this.buffer = null;
  }

  override toString(): string {
    return `${super.toString()} ${this.label}`;
  }
}

/** Every cell with an update waiting: what the end of a step carries out. */
export const pendingStates = new Set<State>();
