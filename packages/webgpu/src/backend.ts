import { type Backend, candidatesOf, type DeviceBuffer, type MemoryUse, type Plan, type Step } from "@gradus/compile";
import { type Aval, BackendError, MemoryError } from "@gradus/tensor";
import { type DeviceFeatures, type DeviceOptions, openDevice, type OpenDevice } from "./device.ts";
import { DeviceMemory } from "./device-memory.ts";
import { type Dispatch, WebgpuExecutable } from "./executable.ts";
import { Faults } from "./faults.ts";
import { GpuBuffer } from "./gpu-buffer.ts";
import { kernelTable } from "./kernel-table.ts";
import type { Kernels } from "./kernels/kernel.ts";
import { layoutOf } from "./layout.ts";
import { loopKernels } from "./loop/kernels.ts";
import { Pipelines } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import { Region } from "./region.ts";
import type { Shared } from "./shared.ts";
import { browserTuningStore } from "./tuning/browser-store.ts";
import type { TuningStore } from "./tuning/choices.ts";
import { type Choose, chooseFirst } from "./tuning/choose.ts";
import { candidateTimer } from "./tuning/candidate-timer.ts";
import { Tuner } from "./tuning/tuner.ts";
import { ShaderMemory } from "./wgsl/memory.ts";

/** Things made on the device since it was opened: a training loop makes none after its first step. */
export interface DeviceCounts {
  readonly buffers: number;
  readonly bindGroups: number;
  readonly pipelines: number;
}

export interface WebgpuOptions extends DeviceOptions {
  /** Whether the first step of each kind measures its candidates on the device; "on" when left out, but on software devices. */
  readonly tuning?: "on" | "off";
  /** Where choices outlive the process; the page's IndexedDB when left out. In Node: `folderTuningStore()` of `@gradus/webgpu/node`. */
  readonly tuningStore?: TuningStore | null;
  /** Decides between the candidates of a library step instead; for tests and measurements. */
  readonly choose?: Choose | null;
}

/**
 * The WebGPU backend: plans run whole on the GPU, one submission each.
 *
 * Example: `const backend = await WebgpuBackend.create(); useRuntime(new Engine(backend));`
 */
export class WebgpuBackend implements Backend {
  readonly name: string;
  readonly threads = 1;
  readonly alignment: number;
  readonly device: GPUDevice;
  /** Vendor and kind of the adapter. */
  readonly adapter: string;
  /** Whether a program imitates the device. */
  readonly software: boolean;
  readonly features: DeviceFeatures;
  readonly #shared: Shared;
  readonly #pipelines: Pipelines;
  readonly #table: ReturnType<typeof kernelTable>;
  readonly #choose: Choose;
  #executables = 0;

  /**
   * Opens a device.
   *
   * @throws BackendError where there is no WebGPU or no adapter.
   */
  static async create(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
    return new WebgpuBackend(await openDevice(options), options);
  }

  private constructor({ device, adapter, software, features }: OpenDevice, options: WebgpuOptions) {
    this.device = device;
    this.adapter = adapter;
    this.software = software;
    this.features = features;
    this.name = `webgpu-${adapter.replaceAll(" ", "-")}`;
    // Vectors of four floats are the largest elements bound.
    this.alignment = Math.max(16, device.limits.minStorageBufferOffsetAlignment);
    const memory = new DeviceMemory(device);
    this.#shared = {
      device,
      memory,
      faults: new Faults(device),
      readback: new Readback(memory),
      arena: new Region(memory, "arena"),
      workspace: new Region(memory, "workspace"),
      counts: { bindGroups: 0 },
    };
    this.#pipelines = new Pipelines(device);
    this.#table = kernelTable({
      software,
      workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
      workgroupSize: device.limits.maxComputeInvocationsPerWorkgroup,
    });
    const { tuning = software ? "off" : "on", tuningStore = browserTuningStore(), choose = null } = options;
    const timer = candidateTimer({ device, dispatch: (kernel, plan, label) => this.#dispatch(kernel, plan, label) });
    this.#choose = choose ?? (tuning === "off" ? chooseFirst : new Tuner({ adapter, store: tuningStore, timer }).choose);
  }

  /** @throws BackendError if the device is lost or does not accept a shader; MemoryError for a tensor larger than it can bind. */
  async prepare(plan: Plan): Promise<WebgpuExecutable> {
    this.#shared.faults.check();
    this.#refuseLarge(plan);
    const dispatches = await Promise.all(
      plan.steps.map(async (step, number) => {
        const kernels = await this.#kernels(step, plan);
        return Promise.all(
          kernels.map(async (kernel) => this.#dispatch(kernel, plan, `step ${number} (${step.label}) of plan ${plan.name}`)),
        );
      }),
    );
    this.#shared.faults.check();
    this.#executables++;
    return new WebgpuExecutable(plan, dispatches.flat(), this.#shared, () => {
      if (--this.#executables > 0) return;
      this.#shared.arena.release();
      this.#shared.workspace.release();
      this.#shared.readback.release();
    });
  }

  allocate(aval: Aval, label: string): DeviceBuffer {
    return new GpuBuffer(this.#shared, aval, label);
  }

  memory(): MemoryUse {
    const { bytes, peakBytes } = this.#shared.memory;
    return { bytes, peakBytes };
  }

  /** What was made on the device since it was opened. */
  counts(): DeviceCounts {
    return { buffers: this.#shared.memory.created, bindGroups: this.#shared.counts.bindGroups, pipelines: this.#pipelines.count };
  }

  /** Whether the device is gone. */
  get lost(): boolean {
    return this.#shared.faults.lost;
  }

  dispose(): void {
    this.device.destroy();
  }

  async #kernels(step: Step, plan: Plan): Promise<Kernels> {
    if (step.kind === "loop") return loopKernels(step, plan);
    const buffer = plan.buffers[step.write];
    if (buffer === undefined) throw new RangeError(`the plan has no buffer ${step.write}`);
    const { kernels } = await this.#choose(step, candidatesOf(this.#table, step), plan);
    return kernels({ reads: step.reads, write: { id: step.write, shape: buffer.shape, dtype: buffer.dtype } });
  }

  async #dispatch(kernel: Kernels[number], plan: Plan, label: string): Promise<Dispatch> {
    const { limits } = this.device;
    const layout = layoutOf(kernel.operands, plan, { mostBindings: limits.maxStorageBuffersPerShaderStage, alignment: this.alignment });
    const tooLarge = layout.ranges.find(({ bytes }) => bytes > limits.maxStorageBufferBindingSize);
    if (tooLarge !== undefined) {
      throw new BackendError(
        "webgpu/binding-size",
        `${label} needs a binding of ${tooLarge.bytes} bytes, and this device has at most ${limits.maxStorageBufferBindingSize}`,
        {
          subject: "webgpu",
        },
      );
    }
    const source = kernel.source(new ShaderMemory(layout.slots, layout.ranges));
    const written = layout.ranges.map((range) => range.written);
    const pipeline = await this.#pipelines.get(source, written, `${label}: ${kernel.name}`);
    return { kernel, layout, pipeline, label: `${label}: ${kernel.name}` };
  }

  #refuseLarge(plan: Plan): void {
    const most = this.device.limits.maxStorageBufferBindingSize;
    for (const { label, dtype, shape, bytes } of plan.buffers) {
      if (bytes <= most) continue;
      throw new MemoryError(
        "memory/binding-size",
        `${label} ${dtype}[${shape.join(", ")}] has ${bytes} bytes, and this device binds at most ${most}`,
        {
          subject: "webgpu",
          facts: { plan: plan.name, adapter: this.adapter },
          hint: 'use a smaller batch, cut the tensor, or use the backend "wasm"',
        },
      );
    }
  }
}
