import type { KernelTime, Plan, RunTime } from "@gradus/compile";
import { stepCost } from "@gradus/compile/profile";
import type { Dispatch } from "./executable.ts";
import { Readback } from "./readback.ts";
import type { Shared } from "./shared.ts";
import { usage } from "./usage.ts";

/** Times the dispatches of one executable. */
export interface Stopwatch {
  /** What the times add to what the host reads after a run. */
  readonly bytes: number;
  /** Where the host reads results and times. */
  readonly readback: Readback;
  /** How a dispatch's pass begins where each has its own; null where they share passes. */
  pass(dispatch: number): GPUComputePassDescriptor | null;
  /** Records, after the last dispatch, that the times are copied to where the host reads. */
  collect(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void;
  /** Tells of a run called at `begun`, whose results and times have arrived. */
  tell(times: BigUint64Array, begun: number): void;
  free(): void;
}

/** What a stopwatch is made for. */
export interface Timed {
  readonly plan: Plan;
  readonly dispatches: readonly Dispatch[];
  readonly told: (run: RunTime) => void;
}

/** Most queries a set may have; each dispatch takes two. */
const mostQueries = 4096;

/** The device's own clock, written as each dispatch's pass begins and ends. */
export class DeviceStopwatch implements Stopwatch {
  readonly bytes: number;
  /** Its own, so that the larger buffers go when it does. */
  readonly readback: Readback;
  readonly #timed: Timed;
  readonly #shared: Shared;
  readonly #sets: readonly GPUQuerySet[];
  /** Times may only be copied from here. */
  readonly #resolved: GPUBuffer | null;

  constructor(timed: Timed, shared: Shared) {
    const queries = 2 * timed.dispatches.length;
    this.#timed = timed;
    this.#shared = shared;
    this.bytes = 8 * queries;
    this.readback = new Readback(shared.memory);
    this.#sets = Array.from({ length: Math.ceil(queries / mostQueries) }, (_, i) =>
      shared.device.createQuerySet({ type: "timestamp", count: Math.min(mostQueries, queries - i * mostQueries) }),
    );
    this.#resolved = queries === 0 ? null : shared.memory.create(this.bytes, usage.queryTarget | usage.copySource, { label: "times" });
  }

  pass(dispatch: number): GPUComputePassDescriptor {
    const querySet = this.#sets[Math.floor((2 * dispatch) / mostQueries)];
    if (querySet === undefined) throw new RangeError(`there is no dispatch ${dispatch}`);
    const beginningOfPassWriteIndex = (2 * dispatch) % mostQueries;
    return { timestampWrites: { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex: beginningOfPassWriteIndex + 1 } };
  }

  collect(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    const resolved = this.#resolved;
    if (resolved === null) return;
    for (const [i, set] of this.#sets.entries()) encoder.resolveQuerySet(set, 0, set.count, resolved, 8 * i * mostQueries);
    encoder.copyBufferToBuffer(resolved, 0, target, offset, this.bytes);
  }

  tell(times: BigUint64Array, begun: number): void {
    const { plan, dispatches, told } = this.#timed;
    const kernels = dispatches.map((dispatch, i): KernelTime => {
      const [start = 0n, end = start] = times.subarray(2 * i, 2 * i + 2);
      // Devices may set their clocks back.
      return { ...factsOf(dispatch), start: milliseconds(start), milliseconds: Math.max(0, milliseconds(end - start)) };
    });
    const bits = times.reduce((all, time) => all | time, 0n);
    told({ plan, clock: "device timestamps", begun, kernels, ...(bits === 0n ? {} : { tick: milliseconds(bits & -bits) }) });
  }

  free(): void {
    for (const set of this.#sets) set.destroy();
    if (this.#resolved !== null) this.#shared.memory.destroy(this.#resolved);
    this.readback.release();
  }
}

/** Until when the host knows a device to have been busy, in milliseconds of `performance.now()`. */
export interface Busy {
  until: number;
}

/** Where the device has no clock: the time from a run's call, or from the end of the run before it, to its results, divided by what its steps have to do. */
export class HostStopwatch implements Stopwatch {
  readonly bytes = 0;
  readonly readback: Readback;
  readonly #timed: Timed;
  readonly #busy: Busy;
  /** What each dispatch takes of a run. */
  readonly #shares: readonly number[];

  constructor(timed: Timed, shared: Shared, busy: Busy) {
    this.#timed = timed;
    this.readback = shared.readback;
    this.#busy = busy;
    const { plan, dispatches } = timed;
    const weights = dispatches.map(({ step }) => {
      const planned = plan.steps[step];
      const { flops, bytes } = planned === undefined ? { flops: 0, bytes: 0 } : stepCost(planned, plan.buffers);
      // The kernels of a step share alike.
      return (flops + bytes) / dispatches.filter((other) => other.step === step).length;
    });
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    this.#shares = weights.map((weight) => (whole === 0 ? 1 / weights.length : weight / whole));
  }

  pass(): null {
    return null;
  }

  collect(): void {}

  tell(_times: BigUint64Array, begun: number): void {
    const { plan, dispatches, told } = this.#timed;
    const start = Math.max(begun, this.#busy.until);
    const end = performance.now();
    this.#busy.until = end;
    let reached = start;
    const kernels = dispatches.map((dispatch, i): KernelTime => {
      const time = { ...factsOf(dispatch), start: reached, milliseconds: Math.max(0, end - start) * (this.#shares[i] ?? 0) };
      reached += time.milliseconds;
      return time;
    });
    told({ plan, clock: "host, per run", begun, kernels });
  }

  free(): void {}
}

function factsOf({ step, kernel: { name, workgroups } }: Dispatch): Pick<KernelTime, "step" | "name" | "pieces"> {
  return { step, name, pieces: workgroups.reduce((count, along) => count * along, 1) };
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}
