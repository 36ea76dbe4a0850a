import {
  type Backend,
  bytesOf,
  cacheLine,
  candidatesOf,
  type DeviceBuffer,
  type Executable,
  type KernelTime,
  loadKernels,
  type MemoryUse,
  placeInScan,
  type Plan,
  readsOfStep,
  type RunTime,
  type ScanStep,
  type Step,
  type Sweeping,
  usualSweeping,
  writesOfStep,
} from "@gradus/compile";
import {
  ArgumentError,
  type Aval,
  BackendError,
  type HostData,
  hostArray,
  MemoryError,
  type Scalar,
  sizeOf,
  walkPrograms,
} from "@gradus/tensor";
import { exportedFunction, type ModuleBuilder } from "./asm/index.ts";
import { bestLevel, wasmFeatures } from "./features.ts";
import { Heap, mostPages } from "./heap.ts";
import { deferredKernels, kernelTable, routineKernel } from "./kernel-table.ts";
import type { ConvolutionAlgorithm } from "./kernels/convolution-algorithm.ts";
import type { Kernel, Level } from "./kernels/kernel.ts";
import { epilogueCode } from "./loop/epilogue.ts";
import { loopKernels, usualTileWork } from "./loop/kernel.ts";
import { isMathName, MathFunctions, type MathName } from "./loop/math.ts";
import type { LoopContext } from "./loop/shape.ts";
import { Guards } from "./guards.ts";
import { Pool, startHostWorker, type StartWorker } from "./pool.ts";
import type { Placed, Span, Unit } from "./phases.ts";
import { type Address, type Block, counterWords, type Launch, programModule, unitsOf } from "./program.ts";
import { phasesInSweeps, sweptKernels } from "./sweep.ts";
import { usualSharedWork, workOfPlan, workOfStep } from "./work.ts";
import { controlWords, mostThreads } from "./worker.ts";

export interface WasmOptions {
  /** Threads to compute with, this one included; by default as many as the host has cores. Needs shared memory. */
  readonly threads?: number;
  /** The instruction level; by default the best the host has. */
  readonly level?: Level;
  /** The most memory to grow to, in bytes; by default all that 32-bit WebAssembly has. */
  readonly mostBytes?: number;
  /** Whether convolutions may take Winograd's algorithm where it is faster, the default, or sum every product; see ConvolutionAlgorithm. */
  readonly convolution?: ConvolutionAlgorithm;
  /** Puts canaries around every buffer and looks at them after every run. Slow; for tests. */
  readonly guard?: boolean;
  /** How much work a loop kernel's tile holds at least, in additions; for tests. */
  readonly tileWork?: number;
  /** How much work a plan must hold, in additions, to run on more than the calling thread; for tests. */
  readonly sharedWork?: number;
  /** How many bytes the steps of a sweep must touch; for tests. */
  readonly leastSwept?: number;
  /** How worker threads are started; for tests. */
  readonly startWorker?: StartWorker;
}

/**
 * The WebAssembly backend: kernels generated for each plan, SIMD where the host has it, worker threads over one memory.
 *
 * @throws ArgumentError for a thread count below 1, or a level the host does not have.
 */
export class WasmBackend implements Backend {
  readonly name: string;
  readonly level: Level;
  readonly threads: number;
  readonly alignment = cacheLine;
  readonly sideBySide = false;
  readonly rowAlignment = 1;
  readonly sweeping: Sweeping;
  readonly takesHalves = false;
  readonly memoryObject: WebAssembly.Memory;
  readonly #heap: Heap;
  readonly #pool: Pool | null;
  readonly #guards: Guards | null;
  readonly #shared: boolean;
  readonly #convolution: ConvolutionAlgorithm;
  readonly #tileWork: number;
  readonly #sharedWork: number;
  #nextId = 1;
  #executables = 0;
  readonly #regions: Readonly<Record<RegionName, Region>> = {
    arena: { address: 0, bytes: 0 },
    scratch: { address: 0, bytes: 0 },
    workspace: { address: 0, bytes: 0 },
  };

  constructor({
    threads,
    level = bestLevel(),
    mostBytes,
    convolution = "fastest",
    guard = false,
    tileWork = usualTileWork,
    sharedWork = usualSharedWork,
    leastSwept = usualSweeping.leastBytes,
    startWorker = startHostWorker,
  }: WasmOptions = {}) {
    const features = wasmFeatures();
    if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > mostThreads)) {
      throw new ArgumentError("argument/threads", `threads must be a whole number from 1 to ${mostThreads}, not ${threads}`, {
        subject: "wasm",
      });
    }
    if ((level === "relaxed" && !features.relaxedSimd) || (level === "simd" && !features.simd)) {
      throw new ArgumentError("argument/level", `this host has no ${level === "relaxed" ? "relaxed " : ""}SIMD`, {
        subject: "wasm",
        hint: `use level "${bestLevel()}"`,
      });
    }
    this.#shared = features.threads;
    this.level = level;
    // The transforms are written for vectors.
    this.#convolution = level === "scalar" ? "direct" : convolution;
    this.#tileWork = tileWork;
    this.#sharedWork = sharedWork;
    this.sweeping = { ...usualSweeping, leastBytes: leastSwept };
    this.threads = this.#shared ? (threads ?? coreCount()) : 1;
    if (!this.#shared && threads !== 1) warnOnce();
    this.name = `wasm-${level}-${this.threads}`;
    this.memoryObject = new WebAssembly.Memory({ initial: 16, maximum: mostPages + 1, ...(this.#shared ? { shared: true } : {}) });
    this.#heap = new Heap(this.memoryObject, mostBytes);
    this.#guards = guard ? new Guards(this.memoryObject) : null;
    const control = this.#heap.allocate(controlWords.count * 4, "control words");
    this.#pool = this.threads > 1 ? new Pool(this.memoryObject, control, this.threads, startWorker) : null;
  }

  /** Resolves when the worker threads run and know every plan prepared so far. Nothing has to wait for it: until then runs use one thread. */
  async ready(): Promise<void> {
    await this.#pool?.ready();
  }

  /** A promise only for the first plans with convolutions or routines, whose kernels are then loaded. */
  prepare(plan: Plan): Executable | Promise<Executable> {
    const loading = loadKernels(plan, deferredKernels);
    return loading === null ? this.#prepare(plan, null) : loading.then(() => this.#prepare(plan, null));
  }

  /** Reads the clock after every kernel, which costs a call to the host each: some tenths of a microsecond. Steps of a sweep run one after the other. Ready when all threads are. */
  async prepareTimed(plan: Plan, told: (run: RunTime) => void): Promise<Executable> {
    await loadKernels(plan, deferredKernels);
    const executable = this.#prepare(plan, told);
    await this.ready();
    return executable;
  }

  #prepare(plan: Plan, told: ((run: RunTime) => void) | null): Executable {
    const clocked = told !== null;
    const { blocks, launches, needed, guards } = this.#lower(plan, clocked);
    const scratchBytes = Math.max(0, ...launches.map(({ kernel }) => kernel.scratchBytes));
    const workspaceBytes = Math.max(0, ...launches.map(({ kernel }) => kernel.workspaceBytes));
    const prepare = (module: ModuleBuilder): void => void (needed.math = new MathFunctions(module, this.level, needed.names));
    const bytes = programModule({ blocks, level: this.level, scratchBytes, shared: this.#shared, prepare, clocked });
    const module = new WebAssembly.Module(bytes);
    /** What each launch took, in all steps of a scan together. */
    const times = new Float64Array(clocked ? launches.length : 0);
    let reached = 0;
    const clock = (launch: number): void => {
      const now = performance.now();
      if (launch < 0) times.fill(0);
      else times[launch] = (times[launch] ?? 0) + now - reached;
      reached = now;
    };
    const run = exportedFunction(new WebAssembly.Instance(module, { env: { memory: this.memoryObject, clock } }), "run");

    const counterCount = counterWords.claims + unitsOf(blocks);
    // Addresses and counters on cache lines of their own: one is read by all threads, the other written by all.
    const tableBytes = Math.ceil((plan.bound.length * 4) / 64) * 64;
    const table = this.#heap.allocate(tableBytes + counterCount * 4, `the tables of plan ${plan.name}`);
    const counters = table + tableBytes;
    const id = this.#nextId++;
    // Plans with little work stay on this thread, and the workers never hear of them.
    const pool = workOfPlan(plan) >= this.#sharedWork ? this.#pool : null;
    const message = pool?.send({ kind: "module", id, module }) ?? 0;

    const arenaBytes = guards === null ? plan.arenaBytes : guards.arenaBytes;
    const offsetOf = (buffer: number): number => {
      const place = plan.buffers[buffer]?.place;
      return guards?.offsets[buffer] ?? (place?.kind === "arena" ? place.offset : 0);
    };
    let freed = false;
    this.#executables++;

    return {
      run: (inputs, bound) => {
        if (freed) throw new BackendError("wasm/freed", "this executable was given back", { subject: "wasm" });
        const begun = clocked ? performance.now() : 0;
        const arena = this.#reserve("arena", arenaBytes, plan);
        const scratch = this.#reserve("scratch", scratchBytes * this.threads, plan);
        const workspace = this.#reserve("workspace", workspaceBytes, plan);
        const { buffer } = this.memoryObject;
        const words = new Int32Array(buffer);
        bound.forEach((each, slot) => (words[(table >> 2) + slot] = addressOf(each)));
        guards?.before(arena);
        plan.inputs.forEach((at, i) => copyIn(buffer, arena + offsetOf(at), inputs[i], plan.buffers[at]));
        words.fill(0, counters >> 2, (counters >> 2) + counterCount);
        const all = pool !== null && !pool.broken && pool.received(message);
        const participants = all ? this.threads : 1;
        if (all) pool.launch({ executable: id, participants, arena, table, scratch, workspace, counters });
        try {
          run(0, participants, mayWait ? 1 : 0, arena, table, scratch, workspace, counters);
        } catch (cause) {
          if (all) pool.abandon(counters);
          throw new BackendError("wasm/trap", `plan ${plan.name} stopped in generated code`, { subject: "wasm", cause });
        }
        if (all && pool.broken) {
          pool.abandon(counters);
          throw new BackendError("wasm/worker", "a worker thread failed; this step is lost, and the next ones run on the main thread", {
            subject: "wasm",
          });
        }
        guards?.after(arena, plan);
        told?.({ plan, clock: "host, kernel by kernel", begun, kernels: kernelTimes(launches, times, begun) });
        return plan.outputs.map((at) => {
          const place = plan.buffers[at]?.place;
          const address = place?.kind === "bound" ? addressOf(bound[place.slot]) : arena + offsetOf(at);
          return copyOut(buffer, address, plan.buffers[at]);
        });
      },
      free: () => {
        if (freed) return;
        freed = true;
        this.#heap.free(table);
        pool?.send({ kind: "free", id });
        if (--this.#executables === 0) for (const region of Object.values(this.#regions)) this.#release(region);
      },
    };
  }

  allocate(aval: Aval, label: string): DeviceBuffer {
    const margin = this.#guards === null ? 0 : Guards.margin;
    const address = this.#heap.allocate(bytesOf(aval) + 2 * margin, `${label} ${aval.dtype}[${aval.shape.join(", ")}]`);
    this.#guards?.watch(address, bytesOf(aval), label);
    return new WasmBuffer(this.memoryObject, address + margin, aval, () => {
      this.#guards?.unwatch(address);
      this.#heap.free(address);
    });
  }

  memory(): MemoryUse {
    return { bytes: this.#heap.bytes, peakBytes: this.#heap.peakBytes };
  }

  dispose(): void {
    this.#pool?.stop();
  }

  /** Kernels and addresses for every step of a plan, and the order they run in; `apart`, each in a phase of its own. */
  #lower(
    plan: Plan,
    apart: boolean,
  ): {
    blocks: readonly Block[];
    /** Those of all blocks. */
    launches: readonly StepLaunch[];
    needed: { names: Set<MathName>; math: MathFunctions | null };
    guards: ReturnType<Guards["layout"]> | null;
  } {
    const needed: { names: Set<MathName>; math: MathFunctions | null } = { names: new Set(), math: null };
    const guards = this.#guards?.layout(plan) ?? null;
    const launches: StepLaunch[] = [];
    const addressOf = (id: number): Address => {
      const place = plan.buffers[id]?.place;
      if (place?.kind === "bound") return { kind: "table", slot: place.slot, offset: 0, steps: [] };
      return { kind: "arena", offset: guards?.offsets[id] ?? place?.offset ?? 0, steps: [] };
    };
    const blocks = this.#lowerSteps(plan, addressOf, { needed, launches, apart });
    return { blocks, launches, needed, guards };
  }

  #lowerSteps(plan: Plan, addressOf: (buffer: number) => Address, lowering: Lowering): Block[] {
    const { steps, buffers } = plan;
    const { needed, launches, apart } = lowering;
    const context: LoopContext = {
      buffers,
      tileWork: this.#tileWork,
      math: () => {
        if (needed.math === null) throw new RangeError("kernels were emitted before the functions they call");
        return needed.math;
      },
    };
    const table = kernelTable((epilogue) => epilogueCode(epilogue, this.level, context), {
      algorithm: this.#convolution,
      threads: this.threads,
    });
    const swept = sweptKernels(plan, context);
    const kernelsOf = (step: Exclude<Step, ScanStep>, number: number): readonly Kernel[] => {
      const inSweep = swept.get(number);
      if (inSweep !== undefined) return [inSweep.kernel];
      switch (step.kind) {
        case "loop":
          return loopKernels(step, context);
        case "library":
          return candidatesOf(table, step)[0];
        case "routine":
          return [routineKernel(step)];
      }
      step satisfies never;
      throw new RangeError("unknown step");
    };
    const blocks: Block[] = [];
    let first = launches.length;
    const close = (): void => {
      const own = launches.slice(first);
      // Every launch is timed by itself.
      const phases = apart ? own.map((_, index): readonly Unit[] => [[index]]) : phasesInSweeps(own);
      if (own.length > 0) blocks.push({ kind: "phases", launches: own, first, phases });
      first = launches.length;
    };
    for (const [number, step] of steps.entries()) {
      if (step.kind === "scan") {
        close();
        const inside = this.#lowerSteps(step.body, addressesInScan(step, buffers, addressOf), {
          ...lowering,
          step: lowering.step ?? number,
        });
        blocks.push({ kind: "scan", count: step.count, blocks: inside });
        first = launches.length;
        continue;
      }
      const kernels = kernelsOf(step, number);
      walkPrograms(programsOf(step), {
        scalar: (scalar) => {
          if (scalar.kind === "call" && isMathName(scalar.leaf)) needed.names.add(scalar.leaf);
        },
      });
      const writes = writesOfStep(step);
      const addresses = [...readsOfStep(step), ...writes].map(addressOf);
      const touched = [...readsOfStep(step), ...writes].map((id, i): Span => {
        const { kind, offset = 0, ...rest } = addresses[i] ?? {};
        const written = i >= addresses.length - writes.length;
        return { space: "slot" in rest ? `slot ${rest.slot}` : `${kind}`, start: offset, bytes: buffers[id]?.bytes ?? 0, written };
      });
      for (const kernel of kernels) {
        if (kernel.tiles === 0) continue;
        const shared: Span = { space: "workspace", start: 0, bytes: kernel.workspaceBytes, written: true };
        const work = workOfStep(step, buffers);
        const sweep = swept.get(number)?.sweep ?? null;
        launches.push({
          step: lowering.step ?? number,
          sweep,
          kernel,
          addresses,
          tiles: kernel.tiles,
          work,
          spans: [...touched, shared],
        });
      }
    }
    close();
    return blocks;
  }

  /** A region shared by all plans, as large as the largest needs; runs never overlap. */
  #reserve(kind: RegionName, bytes: number, plan: Plan): number {
    const region = this.#regions[kind];
    if (region.address !== 0 && bytes <= region.bytes) return region.address;
    this.#release(region);
    try {
      region.address = this.#heap.allocate(Math.max(64, bytes), `the ${kind} of plan ${plan.name}`);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      const [largest] = plan.buffers.toSorted((a, b) => b.bytes - a.bytes);
      throw new MemoryError(error.code, error.sentence, {
        subject: "wasm",
        facts: {
          ...error.facts,
          plan: plan.name,
          "largest tensor":
            largest === undefined ? "none" : `${largest.label} ${largest.dtype}[${largest.shape.join(", ")}] (${largest.bytes} bytes)`,
        },
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      });
    }
    region.bytes = Math.max(64, bytes);
    return region.address;
  }

  #release(region: Region): void {
    if (region.address !== 0) this.#heap.free(region.address);
    region.address = 0;
    region.bytes = 0;
  }
}

/** What is gathered while a plan and the bodies of its scans are lowered. */
interface Lowering {
  readonly needed: { readonly names: Set<MathName>; readonly math: MathFunctions | null };
  readonly launches: StepLaunch[];
  readonly apart: boolean;
  /** Inside a scan, its position in the plan. */
  readonly step?: number;
}

/** Where the buffers of a scan's body are. */
function addressesInScan(step: ScanStep, buffers: Plan["buffers"], addressOf: (buffer: number) => Address): (buffer: number) => Address {
  return (id) => {
    const inside = placeInScan(step, buffers, id);
    const outer = addressOf(inside.buffer);
    return { ...outer, offset: outer.offset + inside.offset, steps: [...outer.steps, inside.step] };
  };
}

interface StepLaunch extends Launch, Placed {
  /** The position of its step in the plan. */
  readonly step: number;
  /** The number of the sweep it belongs to. */
  readonly sweep: number | null;
}

type RegionName = "arena" | "scratch" | "workspace";

interface Region {
  address: number;
  bytes: number;
}

/** From what each kernel took, one after the other; those of a scan as if all runs of one came before the next one's. */
function kernelTimes(launches: readonly StepLaunch[], times: Float64Array, begun: number): KernelTime[] {
  let start = begun;
  return launches.map(({ step, kernel }, index) => {
    const milliseconds = times[index] ?? 0;
    const time = { step, name: kernel.name, pieces: kernel.tiles, start, milliseconds };
    start += milliseconds;
    return time;
  });
}

/** Blocking waits are allowed everywhere but on a page's main thread. */
const mayWait = typeof window === "undefined";

class WasmBuffer implements DeviceBuffer {
  readonly bytes: number;
  readonly address: number;
  readonly #memory: WebAssembly.Memory;
  readonly #aval: Aval;
  #release: (() => void) | null;

  constructor(memory: WebAssembly.Memory, address: number, aval: Aval, release: () => void) {
    this.#memory = memory;
    this.address = address;
    this.#aval = aval;
    this.bytes = bytesOf(aval);
    this.#release = release;
  }

  write(data: HostData): void {
    copyIn(this.#memory.buffer, this.address, data, this.#aval);
  }

  read(): HostData {
    return copyOut(this.#memory.buffer, this.address, this.#aval);
  }

  free(): void {
    this.#release?.();
    this.#release = null;
  }
}

function addressOf(buffer: DeviceBuffer | undefined): number {
  if (buffer instanceof WasmBuffer) return buffer.address;
  throw new BackendError("wasm/foreign-buffer", "a buffer of another backend was bound", { subject: "wasm" });
}

function view(memory: ArrayBufferLike, address: number, { dtype, shape }: Aval): HostData {
  const length = sizeOf(shape);
  switch (dtype) {
    case "float32":
      return new Float32Array(memory, address, length);
    case "int32":
      return new Int32Array(memory, address, length);
    case "float16":
      return new Uint16Array(memory, address, length);
    case "int8":
      return new Int8Array(memory, address, length);
    case "uint8":
    case "bool":
      return new Uint8Array(memory, address, length);
  }
  dtype satisfies never;
  throw new RangeError("unknown dtype");
}

function copyIn(memory: ArrayBufferLike, address: number, data: HostData | undefined, aval: Aval | undefined): void {
  if (data === undefined || aval === undefined) throw new RangeError("an input is missing");
  view(memory, address, aval).set(data);
}

function copyOut(memory: ArrayBufferLike, address: number, aval: Aval | undefined): HostData {
  if (aval === undefined) throw new RangeError("an output is missing");
  const host = hostArray(aval.dtype, sizeOf(aval.shape));
  host.set(view(memory, address, aval));
  return host;
}

/** The scalar programs in a step. */
function programsOf(step: Exclude<Step, ScanStep>): readonly Scalar[] {
  if (step.kind === "loop") return [...step.terms, ...step.writes].map(({ value }) => value);
  return step.kind === "library" && step.epilogue !== null ? [step.epilogue.value] : [];
}

function coreCount(): number {
  const cores = typeof navigator === "object" && typeof navigator.hardwareConcurrency === "number" ? navigator.hardwareConcurrency : 1;
  return Math.max(1, Math.min(16, cores));
}

let warned = false;

function warnOnce(): void {
  if (warned) return;
  warned = true;
  console.warn(
    "gradus: computing on one thread, because this page is not cross-origin isolated. " +
      "Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to use every core.",
  );
}
