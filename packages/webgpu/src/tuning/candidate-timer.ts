import type { LibraryStep, Plan } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import type { Dispatch } from "../executable.ts";
import type { Candidate } from "../kernel-table.ts";
import type { Kernel, Kernels } from "../kernels/kernel.ts";
import { wholeWords } from "../layout.ts";
import { usage } from "../usage.ts";
import type { CandidateTimer } from "./tuner.ts";

export interface CandidateTimerOptions {
  readonly device: GPUDevice;
  /** Compiles a kernel of a plan. */
  readonly dispatch: (kernel: Kernel, plan: Plan, label: string) => Promise<Dispatch>;
  /** A candidate's kernels for a step of a plan. */
  readonly kernels: (candidate: Candidate, step: LibraryStep, plan: Plan) => Kernels;
  /** Milliseconds on the host's clock, where the device has none of its own. */
  readonly now?: () => number;
}

/** Runs a step is measured over last at least so long together: clocks of devices and of pages tick in tenths of a millisecond. */
const leastMilliseconds = 2;
const mostRuns = 256;
const rounds = 3;
/** Steps that touch more are not measured: their buffers stand beside those of the program. */
const mostBytes = 2 ** 30;

/** Times candidates on buffers of their own, with many runs in one submission: by the device's clock, or else by the host's. */
export function candidateTimer({ device, dispatch, kernels, now = () => performance.now() }: CandidateTimerOptions): CandidateTimer {
  const compiled = async (step: LibraryStep, candidate: Candidate, plan: Plan): Promise<readonly Dispatch[]> => {
    const own: Plan = {
      ...plan,
      buffers: plan.buffers.map((buffer, id) => ({ ...buffer, place: { kind: "bound", slot: id } })),
    };
    return Promise.all(kernels(candidate, step, own).map(async (kernel) => dispatch(kernel, own, `${step.label}, to be measured`)));
  };
  const time = async (step: LibraryStep, candidate: Candidate, plan: Plan): Promise<number> => {
    const ids = [...new Set([...step.reads, step.write, ...(step.epilogue?.reads ?? [])])];
    const bytes = ids.reduce((sum, id) => sum + (plan.buffers[id]?.bytes ?? 0), 0);
    if (bytes > mostBytes) throw new RangeError(`${step.label} touches ${bytes} bytes, too many to measure it beside the program`);
    const dispatches = await compiled(step, candidate, plan);
    const made: GPUBuffer[] = [];
    const make = (size: number): GPUBuffer => {
      const buffer = device.createBuffer({ size: wholeWords(size), usage: usage.storage | usage.copyTarget | usage.copySource });
      made.push(buffer);
      return buffer;
    };
    try {
      // Popped before anything is awaited: errors of a program that runs meanwhile are its own.
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("validation");
      const buffers = new Map(ids.map((id) => [id, make(plan.buffers[id]?.bytes ?? 4)]));
      for (const id of step.reads) {
        const buffer = buffers.get(id);
        if (buffer !== undefined) device.queue.writeBuffer(buffer, 0, sample(plan, id));
      }
      const workspace = make(Math.max(4, ...dispatches.map(({ layout }) => layout.workspaceBytes)));
      const bound = dispatches.map(({ kernel, pipeline, layout }) => ({
        kernel,
        pipeline: pipeline.pipeline,
        group: device.createBindGroup({
          layout: pipeline.layout,
          entries: layout.ranges.map(({ source, offset, bytes: size }, binding) => ({
            binding,
            resource: { buffer: typeof source === "number" ? (buffers.get(source) ?? workspace) : workspace, offset, size },
          })),
        }),
      }));
      const refused = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
      for (const error of refused) if (error !== null) throw new RangeError(error.message);
      const clock = device.features.has("timestamp-query") ? new DeviceClock(device) : new HostClock(device, now);
      try {
        const run = (pass: GPUComputePassEncoder, runs: number): void => {
          for (let i = 0; i < runs; i++) {
            for (const { kernel, pipeline, group } of bound) {
              pass.setPipeline(pipeline);
              pass.setBindGroup(0, group);
              pass.dispatchWorkgroups(...kernel.workgroups);
            }
          }
        };
        let runs = 1;
        await clock.time((pass) => run(pass, 1));
        let elapsed = await clock.time((pass) => run(pass, runs));
        while (elapsed < leastMilliseconds && runs < mostRuns) {
          runs = Math.min(mostRuns, runs * Math.max(2, Math.ceil(leastMilliseconds / Math.max(elapsed, leastMilliseconds / 16))));
          elapsed = await clock.time((pass) => run(pass, runs));
        }
        for (let round = 1; round < rounds; round++) elapsed = Math.min(elapsed, await clock.time((pass) => run(pass, runs)));
        return elapsed / runs;
      } finally {
        clock.release();
      }
    } finally {
      for (const buffer of made) buffer.destroy();
    }
  };
  return { prepare: compiled, time };
}

/** How long the device takes for what is recorded into a pass. */
interface Clock {
  time(record: (pass: GPUComputePassEncoder) => void): Promise<number>;
  release(): void;
}

class DeviceClock implements Clock {
  readonly #device: GPUDevice;
  readonly #times: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #read: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#times = device.createQuerySet({ type: "timestamp", count: 2 });
    this.#resolved = device.createBuffer({ size: 16, usage: usage.queryTarget | usage.copySource });
    this.#read = device.createBuffer({ size: 16, usage: usage.mapRead | usage.copyTarget });
  }

  async time(record: (pass: GPUComputePassEncoder) => void): Promise<number> {
    const encoder = this.#device.createCommandEncoder();
    const timestampWrites = { querySet: this.#times, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass({ timestampWrites });
    record(pass);
    pass.end();
    encoder.resolveQuerySet(this.#times, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#read, 0, 16);
    this.#device.queue.submit([encoder.finish()]);
    await this.#read.mapAsync(1);
    const [begin = 0n, end = 0n] = new BigUint64Array(this.#read.getMappedRange());
    this.#read.unmap();
    return Number(end - begin) / 1e6;
  }

  release(): void {
    this.#times.destroy();
    this.#resolved.destroy();
    this.#read.destroy();
  }
}

class HostClock implements Clock {
  readonly #device: GPUDevice;
  readonly #now: () => number;

  constructor(device: GPUDevice, now: () => number) {
    this.#device = device;
    this.#now = now;
  }

  async time(record: (pass: GPUComputePassEncoder) => void): Promise<number> {
    await this.#device.queue.onSubmittedWorkDone();
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    record(pass);
    pass.end();
    const before = this.#now();
    this.#device.queue.submit([encoder.finish()]);
    await this.#device.queue.onSubmittedWorkDone();
    return this.#now() - before;
  }

  release(): void {}
}

/** Something to compute with that is neither all zeros nor overflows; whole numbers are small, as indices are. */
function sample(plan: Plan, id: number): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const buffer = plan.buffers[id];
  if (buffer === undefined) return new Float32Array(1);
  if (buffer.dtype === "float32") return Float32Array.from({ length: sizeOf(buffer.shape) }, (_, i) => ((i * 7919) % 251) / 251 - 0.5);
  return Int32Array.from({ length: Math.floor(buffer.bytes / 4) }, (_, i) => (i * 7919) % 4093);
}
