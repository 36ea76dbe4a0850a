import type { Backend, DeviceBuffer, Executable, MemoryUse, Plan, RunTime, Sweeping } from "@gradus/compile";
import type { Aval } from "@gradus/tensor";

/** A backend that is made when it is first needed. */
export class LazyBackend implements Backend {
  readonly name: string;
  readonly #make: () => Backend;
  #made: Backend | null = null;

  constructor(name: string, make: () => Backend) {
    this.name = name;
    this.#make = make;
  }

  get threads(): number {
    return this.#backend.threads;
  }

  get alignment(): number {
    return this.#backend.alignment;
  }

  get sideBySide(): boolean {
    return this.#backend.sideBySide;
  }

  get rowAlignment(): number {
    return this.#backend.rowAlignment;
  }

  get sweeping(): Sweeping | null {
    return this.#backend.sweeping;
  }

  get takesHalves(): boolean {
    return this.#backend.takesHalves;
  }

  prepare(plan: Plan): Executable | Promise<Executable> {
    return this.#backend.prepare(plan);
  }

  prepareTimed(plan: Plan, told: (run: RunTime) => void): Executable | Promise<Executable> {
    return this.#backend.prepareTimed(plan, told);
  }

  allocate(aval: Aval, label: string): DeviceBuffer {
    return this.#backend.allocate(aval, label);
  }

  memory(): MemoryUse {
    return this.#made?.memory() ?? { bytes: 0, peakBytes: 0 };
  }

  async dispose(): Promise<void> {
    await this.#made?.dispose();
    this.#made = null;
  }

  get #backend(): Backend {
    return (this.#made ??= this.#make());
  }
}
