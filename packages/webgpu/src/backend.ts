import {
  type Backend,
  type BufferId,
  candidatesOf,
  type DeviceBuffer,
  type LibraryStep,
  loadKernels,
  type MemoryUse,
  type Plan,
  readsOfStep,
  type RunTime,
  type ScanStep,
  type Step,
  writesOfStep,
} from "@gradus/compile";
import { type Aval, BackendError, type DType, MemoryError } from "@gradus/tensor";
import { type DeviceFeatures, type DeviceLimits, type DeviceOptions, openDevice, type OpenDevice } from "./device.ts";
import { DeviceMemory } from "./device-memory.ts";
import { type Dispatch, WebgpuExecutable } from "./executable.ts";
import { Faults } from "./faults.ts";
import { GpuBuffer } from "./gpu-buffer.ts";
import { type Candidate, deferredKernels, kernelTable, routines } from "./kernel-table.ts";
import type { ConvolutionAlgorithm } from "./kernels/conv2d-candidates.ts";
import type { Kernel, Kernels, Operand } from "./kernels/kernel.ts";
import { sideBySide } from "./kernels/side-by-side.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { loopKernels } from "./loop/kernels.ts";
import { Pipelines } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import { Region } from "./region.ts";
import type { Shared } from "./shared.ts";
import { type Busy, DeviceStopwatch, HostStopwatch, type Stopwatch } from "./stopwatch.ts";
import { browserTuningStore } from "./tuning/browser-store.ts";
import type { TuningStore } from "./tuning/choices.ts";
import { type Choose, chooseFirst } from "./tuning/choose.ts";
import { candidateTimer } from "./tuning/candidate-timer.ts";
import { Tuner } from "./tuning/tuner.ts";
import { elementsPerWord, holdsHalves, ShaderMemory } from "./wgsl/memory.ts";
import { bodyView, type View, viewOf } from "./view.ts";
import { shaderModule } from "./wgsl/module.ts";

/** What was done on the device since it was opened. */
export interface DeviceCounts {
  /** Things made: none after the first step of a training loop. */
  readonly buffers: number;
  readonly bindGroups: number;
  readonly pipelines: number;
  /** Kernels run, and the times the device was given work. */
  readonly dispatches: number;
  readonly submits: number;
}

export interface WebgpuOptions extends DeviceOptions {
  /** Whether the first step of each kind measures its candidates on the device; "on" when left out, but on software devices. */
  readonly tuning?: "on" | "off";
  /** Where choices outlive the process; the page's IndexedDB when left out. In Node: `folderTuningStore()` of `@gradus/webgpu/node`. */
  readonly tuningStore?: TuningStore | null;
  /** Whether convolutions may take Winograd's algorithm where tuning finds it faster, the default, or sum every product; see ConvolutionAlgorithm. */
  readonly convolution?: ConvolutionAlgorithm;
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
  readonly sideBySide = true;
  readonly sweeping = null;
  readonly takesHalves = true;
  readonly rowAlignment: number;
  readonly device: GPUDevice;
  /** Vendor and kind of the adapter. */
  readonly adapter: string;
  /** Whether a program imitates the device. */
  readonly software: boolean;
  readonly features: DeviceFeatures;
  readonly #options: WebgpuOptions;
  readonly #limits: DeviceLimits;
  readonly #shared: Shared;
  readonly #pipelines: Pipelines;
  readonly #busy: Busy = { until: 0 };
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

  private constructor({ device, adapter, software, features, subgroupSize, limits }: OpenDevice, options: WebgpuOptions) {
    this.#limits = limits;
    this.#options = options;
    this.device = device;
    this.adapter = adapter;
    this.software = software;
    this.features = features;
    this.name = `webgpu-${adapter.replaceAll(" ", "-")}`;
    // Vectors of four floats are the largest elements bound.
    this.alignment = Math.max(16, limits.minStorageBufferOffsetAlignment);
    this.rowAlignment = this.alignment;
    const memory = new DeviceMemory(device, limits);
    this.#shared = {
      device,
      memory,
      faults: new Faults(device),
      readback: new Readback(memory),
      arena: new Region(memory, "arena"),
      workspace: new Region(memory, "workspace"),
      counts: { bindGroups: 0, dispatches: 0, submits: 0 },
    };
    this.#pipelines = new Pipelines(device);
    this.#table = kernelTable({
      software,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      workgroupSize: limits.maxComputeInvocationsPerWorkgroup,
      subgroupSize,
      f16: features.f16,
      bindingBytes: limits.maxStorageBufferBindingSize,
      convolution: options.convolution ?? "fastest",
    });
    const { tuning = software ? "off" : "on", tuningStore = browserTuningStore(), choose = null } = options;
    const timer = candidateTimer({
      device,
      dispatch: (kernel, plan, label) => this.#dispatch({ kernel, step: 0, label }, viewOf(plan)),
      kernels: (candidate, step, plan) => this.#callKernels(candidate, step, viewOf(plan)),
    });
    this.#choose = choose ?? (tuning === "off" ? chooseFirst : new Tuner({ adapter, store: tuningStore, timer }).choose);
  }

  /** @throws BackendError if the device is lost or does not accept a shader; MemoryError for a tensor larger than it can bind. */
  async prepare(plan: Plan): Promise<WebgpuExecutable> {
    return this.#prepare(plan, false, () => null);
  }

  /**
   * Gives each kernel a dispatch and a pass of its own, where the device has timestamps; where it has none, divides the host's time
   * for a run. Steps that would run side by side run one after the other, each with a time of its own.
   */
  async prepareTimed(plan: Plan, told: (run: RunTime) => void): Promise<WebgpuExecutable> {
    return this.#prepare(plan, true, (dispatches) => {
      const timed = { plan, dispatches, told };
      return this.features.timestamps ? new DeviceStopwatch(timed, this.#shared) : new HostStopwatch(timed, this.#shared, this.#busy);
    });
  }

  async #prepare(plan: Plan, apart: boolean, stopwatch: (dispatches: readonly Dispatch[]) => Stopwatch | null): Promise<WebgpuExecutable> {
    const { faults } = this.#shared;
    faults.check();
    this.#refuseLarge(plan);
    const loaded = loadKernels(plan, deferredKernels) ?? Promise.resolve();
    const made = loaded.then(() => this.#dispatches(viewOf(plan), apart));
    const dispatches = await made.catch(async (cause: unknown) => {
      throw await faults.explain(cause);
    });
    faults.check();
    const watch = stopwatch(dispatches);
    this.#executables++;
    const release = (): void => {
      if (--this.#executables > 0) return;
      this.#shared.arena.release();
      this.#shared.workspace.release();
      this.#shared.readback.release();
    };
    return new WebgpuExecutable(plan, dispatches, this.#shared, release, watch);
  }

  allocate(aval: Aval, label: string): DeviceBuffer {
    return new GpuBuffer(this.#shared, aval, label);
  }

  memory(): MemoryUse {
    const { bytes, peakBytes } = this.#shared.memory;
    return { bytes, peakBytes };
  }

  /** What was done on the device since it was opened. */
  counts(): DeviceCounts {
    return { buffers: this.#shared.memory.created, pipelines: this.#pipelines.count, ...this.#shared.counts };
  }

  /** Whether the device is gone. */
  get lost(): boolean {
    return this.#shared.faults.lost;
  }

  /** The same on a new device: for when this one is lost. */
  reopen(): Promise<WebgpuBackend> {
    return WebgpuBackend.create(this.#options);
  }

  dispose(): void {
    this.device.destroy();
  }

  /** What to dispatch, in order; `apart`, every kernel by itself. */
  async #dispatches(view: View, apart: boolean): Promise<readonly Dispatch[]> {
    const { plan } = view;
    const kernelsOf = await Promise.all(plan.steps.map(async (step) => (step.kind === "scan" ? [] : this.#kernels(step, view))));
    const waves = Map.groupBy(plan.steps.keys(), (number) => (apart ? number : (plan.waves[number] ?? number)));
    const made = [...waves.values()].map(async (numbers) => {
      const launches = apart ? this.#launchesApart(numbers, kernelsOf, plan) : this.#launches(numbers, kernelsOf, view);
      const own = await Promise.all(launches.map(async (launch) => this.#dispatch(launch, view)));
      const scans = numbers.map(async (number) => {
        const step = plan.steps[number];
        return step?.kind === "scan" ? this.#scanDispatches(step, number, view, apart) : [];
      });
      return [...own, ...(await Promise.all(scans)).flat()];
    });
    return (await Promise.all(made)).flat();
  }

  /** Those of a scan's body, again for every run. */
  async #scanDispatches(step: ScanStep, number: number, view: View, apart: boolean): Promise<readonly Dispatch[]> {
    const once = await this.#dispatches(bodyView(view, step), apart);
    return Array.from({ length: step.count }, (_, run) =>
      once.map((dispatch) => ({ ...dispatch, step: number, runs: [run, ...dispatch.runs] })),
    ).flat();
  }

  /** Every kernel by itself. */
  #launchesApart(numbers: readonly number[], kernelsOf: readonly Kernels[], plan: Plan): readonly PlanLaunch[] {
    return numbers.flatMap((number) => {
      const label = `step ${number} (${plan.steps[number]?.label}) of plan ${plan.name}`;
      return (kernelsOf[number] ?? []).map((kernel) => ({ kernel, step: number, label }));
    });
  }

  /** Of the steps of a wave: first the first kernels of each side by side, then the second ones. */
  #launches(numbers: readonly number[], kernelsOf: readonly Kernels[], view: View): readonly PlanLaunch[] {
    const { plan } = view;
    let end = 0;
    const steps = numbers.map((number) => {
      const kernels = kernelsOf[number] ?? [];
      const start = end;
      const words = kernels.flatMap(({ operands }) =>
        operands.flatMap((operand) => (operand.kind === "workspace" ? (operand.offset ?? 0) + operand.words : [])),
      );
      end = Math.ceil((start + 4 * Math.max(0, ...words)) / this.alignment) * this.alignment;
      return kernels.map((kernel) => ({
        ...kernel,
        operands: kernel.operands.map((each) => (each.kind === "workspace" ? { ...each, start } : each)),
      }));
    });
    const label = `steps ${numbers.join(", ")} (${numbers.map((number) => plan.steps[number]?.label).join(", ")}) of plan ${plan.name}`;
    const stages = Math.max(...steps.map(({ length }) => length));
    return Array.from({ length: stages }, (_, stage) => steps.flatMap((kernels) => kernels[stage] ?? [])).flatMap((stage) =>
      sideBySide(stage, (kernels) => this.#fits(kernels, view)).map((kernel) => ({ kernel, step: numbers[0] ?? 0, label })),
    );
  }

  #fits(kernels: readonly Kernel[], view: View): boolean {
    const operands = kernels.flatMap((kernel) => kernel.operands);
    const { staged, ranges } = this.#layout(operands, view);
    const isBound = staged.length === 0 && ranges.every(({ bytes }) => bytes <= this.#limits.maxStorageBufferBindingSize);
    return isBound && (!this.features.f16 || this.#halvesApart(operands, view));
  }

  /** Whether halves that are written share their bindings with nothing but halves. */
  #halvesApart(operands: readonly Operand[], view: View): boolean {
    const { slots } = this.#layout(operands, view);
    return slots.every(({ dtype, binding }, i) => dtype !== "float16" || operands[i]?.written === false || holdsHalves(slots, binding));
  }

  /** Elements of each dtype that an invocation of a step's kernels has to write together. */
  #together(step: Step, view: View): (dtype: DType) => number {
    const operands = operandsOf(step);
    const halves = this.features.f16 && this.#halvesApart([...operands, someWorkspace], view) ? 1 : elementsPerWord.float16;
    return (dtype) => (dtype === "float16" ? halves : elementsPerWord[dtype]);
  }

  #layout(operands: readonly Operand[], view: View): Layout {
    return layoutOf(operands, view, { mostBindings: this.#limits.maxStorageBuffersPerShaderStage, alignment: this.alignment });
  }

  /** The kernels of a step, which run one after the other. */
  async #kernels(step: Exclude<Step, ScanStep>, view: View): Promise<Kernels> {
    if (step.kind === "loop") {
      return loopKernels(step, view.plan, { subgroups: this.features.subgroups, together: this.#together(step, view) });
    }
    if (step.kind === "routine") return [routines.module.routineKernel(step)];
    return this.#callKernels(await this.#choose(step, candidatesOf(this.#table, step), view.plan), step, view);
  }

  #callKernels({ kernels }: Candidate, step: LibraryStep, view: View): Kernels {
    const buffer = view.plan.buffers[step.write];
    if (buffer === undefined) throw new RangeError(`the plan has no buffer ${step.write}`);
    const { shape, dtype } = buffer;
    return kernels({ reads: step.reads, write: { id: step.write, shape, dtype, together: this.#together(step, view)(dtype) } });
  }

  async #dispatch({ kernel, step, label }: PlanLaunch, view: View): Promise<Dispatch> {
    const limits = this.#limits;
    const layout = this.#layout(kernel.operands, view);
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
    const memory = new ShaderMemory(layout.slots, layout.ranges, this.features);
    const source = shaderModule(memory, kernel.size, kernel.source(memory));
    const written = layout.ranges.map((range) => range.written);
    const pipeline = await this.#pipelines.get(source, written, `${label}: ${kernel.name}`);
    return { kernel, layout, pipeline, step, runs: [], label: `${label}: ${kernel.name}` };
  }

  #refuseLarge(plan: Plan): void {
    const most = this.#limits.maxStorageBufferBindingSize;
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

/** What the kernels of a step touch, but for the workspace. */
function operandsOf(step: Step): readonly Operand[] {
  const operand = (written: boolean) => (id: BufferId) => ({ kind: "buffer", id, written }) as const;
  return [...readsOfStep(step).map(operand(false)), ...writesOfStep(step).map(operand(true))];
}

const someWorkspace: Operand = { kind: "workspace", words: 1, written: true };

/** A kernel to dispatch, and where it comes from: the first step it belongs to, and all of them in words. */
interface PlanLaunch {
  readonly kernel: Kernel;
  readonly step: number;
  readonly label: string;
}
