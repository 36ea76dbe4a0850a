import { bytesOf, type DeviceBuffer, type Executable, type Plan } from "@gradus/compile";
import { BackendError, type HostData } from "@gradus/tensor";
import type { Pipeline } from "./pipelines.ts";
import { copyIn, copyOut } from "./host-copies.ts";
import { type Layout, type Staged, wholeWords } from "./layout.ts";
import type { Kernel } from "./kernels/kernel.ts";
import { refusal } from "./faults.ts";
import type { Readback } from "./readback.ts";
import type { Shared } from "./shared.ts";
import { GpuBuffer } from "./gpu-buffer.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { movedBy } from "./view.ts";

/** A kernel compiled and laid out. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly pipeline: Pipeline;
  readonly layout: Layout;
  /** The position of its step in the plan. */
  readonly step: number;
  /** How often each enclosing scan has run its body before. */
  readonly runs: readonly number[];
  /** For messages: the step of the plan it belongs to. */
  readonly label: string;
}

/** Dispatches recorded before the device is given them, so that it can begin while the rest are recorded. */
const chunk = 512;

/** A plan's dispatches: bound once, recorded and submitted at each run. */
export class WebgpuExecutable implements Executable {
  readonly #plan: Plan;
  readonly #dispatches: readonly Dispatch[];
  readonly #shared: Shared;
  readonly #release: () => void;
  readonly #outputs: readonly { readonly at: number; readonly offset: number }[];
  readonly #outputBytes: number;
  readonly #stopwatch: Stopwatch | null;
  #groups: (GPUBindGroup | null)[];
  #bound: readonly DeviceBuffer[] = [];
  #generations = "";
  #freed = false;

  constructor(plan: Plan, dispatches: readonly Dispatch[], shared: Shared, release: () => void, stopwatch: Stopwatch | null = null) {
    this.#plan = plan;
    this.#dispatches = dispatches;
    this.#shared = shared;
    this.#release = release;
    this.#stopwatch = stopwatch;
    this.#groups = dispatches.map(() => null);
    let end = 0;
    this.#outputs = plan.outputs.map((at) => {
      const offset = end;
      // Mapped ranges begin at multiples of eight.
      end = Math.ceil((offset + bytesAt(plan, at)) / 8) * 8;
      return { at, offset };
    });
    this.#outputBytes = end;
  }

  /** Everything is given to the device before this returns, or nothing is and it throws. */
  run(inputs: readonly HostData[], bound: readonly DeviceBuffer[]): Promise<readonly HostData[]> {
    const { device, faults, memory, arena } = this.#shared;
    const begun = this.#stopwatch === null ? 0 : performance.now();
    if (this.#freed) throw new BackendError("webgpu/freed", "this executable was given back", { subject: "webgpu" });
    faults.check();
    memory.check();
    const isNew = this.#bind(bound);
    if (isNew) device.pushErrorScope("validation");
    this.#plan.inputs.forEach((at, i) => {
      const place = this.#plan.buffers[at]?.place;
      const data = inputs[i];
      if (data !== undefined && place?.kind === "arena" && data.length > 0) copyIn(device.queue, arena.buffer, place.offset, data);
    });
    const target = this.#readBytes === 0 ? null : this.#readback.take(this.#readBytes);
    this.#submit(bound, target);
    return this.#results(target, isNew ? device.popErrorScope() : null, begun);
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#stopwatch?.free();
    this.#release();
  }

  get #readback(): Readback {
    return this.#stopwatch?.readback ?? this.#shared.readback;
  }

  /** Outputs, and then times. */
  get #readBytes(): number {
    return this.#outputBytes + (this.#stopwatch?.bytes ?? 0);
  }

  async #results(target: GPUBuffer | null, refused: Promise<GPUError | null> | null, begun: number): Promise<readonly HostData[]> {
    const { device, faults, memory } = this.#shared;
    try {
      const error = await refused;
      if (error !== null) throw refusal(error, `plan ${this.#plan.name}`);
      const read = (mapped: ArrayBuffer): HostData[] => {
        this.#stopwatch?.tell(new BigUint64Array(mapped, this.#outputBytes), begun);
        return this.#outputs.map(({ at, offset }) => this.#copyOut(mapped, at, offset));
      };
      if (target === null) await device.queue.onSubmittedWorkDone();
      const results = target === null ? read(new ArrayBuffer(0)) : await this.#readback.read(target, this.#readBytes, read);
      faults.check();
      memory.check();
      return results;
    } catch (cause) {
      throw await faults.explain(cause);
    }
  }

  #copyOut(mapped: ArrayBuffer, at: number, offset: number): HostData {
    const buffer = this.#plan.buffers[at];
    if (buffer === undefined) throw new RangeError(`the plan has no buffer ${at}`);
    return copyOut(mapped, offset, buffer);
  }

  #submit(bound: readonly DeviceBuffer[], target: GPUBuffer | null): void {
    const { device, workspace, arena, counts } = this.#shared;
    let encoder = device.createCommandEncoder();
    let pass: GPUComputePassEncoder | null = null;
    const endPass = (): void => {
      pass?.end();
      pass = null;
    };
    const source = ({ from: { source: at, offset, steps } }: Staged, runs: readonly number[]): readonly [GPUBuffer, number] => [
      typeof at === "number" ? gpuBuffer(bound[at]) : arena.buffer,
      offset + movedBy(steps, runs),
    ];
    this.#dispatches.forEach(({ pipeline, kernel, layout, runs }, i) => {
      const group = this.#groups[i];
      if (group === undefined || group === null) throw new RangeError("a dispatch was not bound");
      if (layout.staged.length > 0) {
        endPass();
        for (const staged of layout.staged)
          encoder.copyBufferToBuffer(...source(staged, runs), workspace.buffer, staged.offset, staged.from.bytes);
      }
      const ownPass = this.#stopwatch?.pass(i) ?? null;
      pass ??= encoder.beginComputePass(ownPass ?? undefined);
      pass.setPipeline(pipeline.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...kernel.workgroups);
      if (ownPass !== null) endPass();
      if (layout.staged.length > 0) {
        endPass();
        for (const staged of layout.staged) {
          if (staged.written) encoder.copyBufferToBuffer(workspace.buffer, staged.offset, ...source(staged, runs), staged.from.bytes);
        }
      }
      if ((i + 1) % chunk === 0) {
        endPass();
        device.queue.submit([encoder.finish()]);
        counts.submits++;
        encoder = device.createCommandEncoder();
      }
    });
    endPass();
    for (const { at, offset } of this.#outputs) {
      const buffer = this.#plan.buffers[at];
      if (target === null || buffer === undefined || buffer.bytes === 0) continue;
      const { place } = buffer;
      const [source, from] = place.kind === "arena" ? [arena.buffer, place.offset] : [gpuBuffer(bound[place.slot]), 0];
      encoder.copyBufferToBuffer(source, from, target, offset, wholeWords(buffer.bytes));
    }
    if (target !== null) this.#stopwatch?.collect(encoder, target, this.#outputBytes);
    device.queue.submit([encoder.finish()]);
    counts.submits++;
    counts.dispatches += this.#dispatches.length;
  }

  /** Makes the bind groups that are missing: all at first and when a region has grown, else those whose bound buffers changed. True if there were any. */
  #bind(bound: readonly DeviceBuffer[]): boolean {
    const { device, arena, workspace } = this.#shared;
    arena.reserve(this.#plan.arenaBytes, largestTensor(this.#plan));
    workspace.reserve(Math.max(0, ...this.#dispatches.map(({ layout }) => layout.workspaceBytes)), { plan: this.#plan.name });
    const generations = `${arena.generation} ${workspace.generation}`;
    const stale = generations !== this.#generations;
    const changed = new Set(bound.flatMap((buffer, slot) => (buffer === this.#bound[slot] ? [] : [slot])));
    if (!stale && changed.size === 0) return false;
    this.#dispatches.forEach(({ pipeline, layout, label, runs }, i) => {
      const touched = layout.ranges.some(({ source }) => typeof source === "number" && changed.has(source));
      if (!stale && !touched && this.#groups[i] !== null) return;
      const entries = layout.ranges.map(({ source, offset, bytes, steps }, binding): GPUBindGroupEntry => {
        const buffer = source === "arena" ? arena.buffer : source === "workspace" ? workspace.buffer : gpuBuffer(bound[source]);
        return { binding, resource: { buffer, offset: offset + movedBy(steps, runs), size: bytes } };
      });
      this.#groups[i] = device.createBindGroup({ layout: pipeline.layout, entries, label });
      this.#shared.counts.bindGroups++;
    });
    this.#generations = generations;
    this.#bound = bound.slice();
    return true;
  }
}

function gpuBuffer(buffer: DeviceBuffer | undefined): GPUBuffer {
  if (buffer instanceof GpuBuffer) return buffer.buffer;
  throw new BackendError("webgpu/foreign-buffer", "a buffer of another backend was bound", { subject: "webgpu" });
}

function bytesAt(plan: Plan, at: number): number {
  const buffer = plan.buffers[at];
  return buffer === undefined || bytesOf(buffer) === 0 ? 0 : wholeWords(buffer.bytes);
}

function largestTensor({ name, buffers }: Plan): Readonly<Record<string, string>> {
  const [largest] = buffers.toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined) return { plan: name };
  return { plan: name, "largest tensor": `${largest.label} ${largest.dtype}[${largest.shape.join(", ")}] (${largest.bytes} bytes)` };
}
