import {
  type Aval,
  BackendError,
  type HostData,
  hostLike,
  KeptTensor,
  pendingStates,
  type Runtime,
  StaleError,
  type State,
  type StateBuffer,
  Tensor,
  topological,
} from "@gradus/tensor";
import { buildPlan } from "./build.ts";
import { Executables, type Prepared } from "./executables.ts";
import type { Backend, DeviceBuffer, Plan } from "./plan.ts";
import { type Program, readProgram, type Update } from "./program.ts";

/**
 * Runs graphs on a backend: reads the program, finds or builds its executable, binds data and state, runs, settles.
 *
 * Work is done at once where the backend can (WebAssembly). A backend that computes by itself (WebGPU) is given programs
 * in the order they were asked for, and the next one does not wait for the results of the one before.
 */
export class Engine implements Runtime {
  readonly name: string;
  #backend: Backend;
  #executables: Executables;
  /** What stands aside while programs are prepared another way. */
  #aside: Executables | null = null;
  /** Resolves when the backend has been given every program launched; null when it has. */
  #turn: Promise<void> | null = null;
  /** Values the backend is computing now, and when each is on the host. */
  readonly #arriving = new Map<Tensor, Promise<void>>();
  /** Values asked for since the last run, to be computed together. */
  #batch: Batch | null = null;

  constructor(backend: Backend) {
    this.name = backend.name;
    this.#backend = backend;
    this.#executables = new Executables((program) => {
      const plan = buildPlan(program, this.#backend);
      return { plan, executable: this.#backend.prepare(plan) };
    });
  }

  get backend(): Backend {
    return this.#backend;
  }

  /**
   * Goes on with a new device after the old one was lost: programs are prepared again when next run, and state cells that are
   * not set from the host first are refused.
   */
  get recover(): (() => Promise<void>) | undefined {
    const lost = this.#backend;
    if (lost.reopen === undefined) return undefined;
    return async () => {
      await this.finish();
      this.clear();
      await lost.dispose();
      this.#backend = (await lost.reopen?.()) ?? lost;
    };
  }

  /** Values asked for in one go are computed in one run, so that what they share is computed once. */
  evaluate(tensors: readonly Tensor[]): Promise<void> {
    this.#batch ??= this.#openBatch();
    for (const tensor of tensors) this.#batch.tensors.add(tensor.value());
    return this.#batch.done;
  }

  /** Starts what was asked for and has not begun: before a compiled step overwrites the state it may read. */
  startRequested(): void {
    this.#batch?.start();
  }

  #openBatch(): Batch {
    const tensors = new Set<Tensor>();
    let start = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      start = () => {
        if (this.#batch?.tensors !== tensors) return;
        this.#batch = null;
        resolve(this.#evaluateNow([...tensors]));
      };
    });
    queueMicrotask(start);
    return { tensors, start, done };
  }

  async #evaluateNow(tensors: readonly Tensor[]): Promise<void> {
    for (;;) {
      const before = this.#onTheWay(tensors);
      if (before.length === 0) break;
      await Promise.allSettled(before);
    }
    // No pause from here to the launch: an update stays pending until then, and whoever came in between would launch it again.
    const updates = takePending();
    const wanted = tensors.filter(({ host }) => host === null);
    if (wanted.length === 0 && updates.length === 0) return;
    const program = readProgram(wanted, updates);
    refuseArguments(program);
    refuseStale(program);
    try {
      await this.launch(program, asItIs, wanted).done;
    } catch (error) {
      discard(updates);
      throw error;
    }
  }

  /** What a graph reads that the backend is still computing. */
  #onTheWay(tensors: readonly Tensor[]): Promise<void>[] {
    if (this.#arriving.size === 0) return [];
    const pending = [...pendingStates].flatMap((state) => state.pending ?? []);
    return topological([...tensors, ...pending]).flatMap((tensor) => this.#arriving.get(tensor) ?? []);
  }

  async keep(tensors: readonly Tensor[]): Promise<readonly KeptTensor[]> {
    const values = tensors.map((tensor) => tensor.value());
    await this.evaluate(values);
    return values.map((tensor) => {
      const buffer = this.#backend.allocate(tensor, "kept");
      buffer.write(tensor.host ?? hostLike(tensor));
      return new KeptTensor(tensor, buffer);
    });
  }

  /**
   * Gives the backend a program, after all that were launched before it; from then on state cells count as updated.
   * `resolve` gives the tensor that now stands for a leaf (an argument's value); results go into `targets`, one for each output.
   */
  launch(program: Program, resolve: (leaf: Tensor) => Tensor, targets: readonly Tensor[]): Launch {
    const { plan, executable } = this.#executables.get(program);
    const { inputs, bound, uploads } = this.#gather(program, resolve);
    const upload = (): void => {
      for (const { buffer, data } of uploads.splice(0)) buffer.write(data);
    };
    const settle = (results: readonly HostData[]): void => results.forEach((data, i) => targets[i]?.settle(data));
    const advance = (): void => {
      for (const { state } of program.updates) state.advance();
    };
    if (this.#turn === null && !(executable instanceof Promise)) {
      upload();
      const results = executable.run(inputs, bound);
      if (!(results instanceof Promise)) settle(results);
      advance();
      return { plan, done: results instanceof Promise ? this.#arrive(results.then(settle), targets) : null };
    }
    advance();
    const turn = (this.#turn ?? Promise.resolve()).then(async () => {
      try {
        const ready = await executable;
        upload();
        return { results: ready.run(inputs, bound) };
      } finally {
        // Cells keep their values even if the step is lost.
        upload();
      }
    });
    const submitted: Promise<void> = turn.then(pass, pass);
    function pass(): void {}
    this.#turn = submitted;
    void submitted.then(() => {
      if (this.#turn === submitted) this.#turn = null;
    });
    return {
      plan,
      done: this.#arrive(
        turn.then(async ({ results }) => settle(await results)),
        targets,
      ),
    };
  }

  /** @throws BackendError if a recorded function reads a value that is still being computed: it would be computed again, from later state. */
  refuseArriving({ order }: Program): void {
    const found = order.find((tensor) => this.#arriving.has(tensor));
    if (found === undefined) return;
    throw new BackendError("compile/arriving", "a compiled function reads a value that is still being computed", {
      subject: "compile",
      facts: { value: String(found) },
      hint: "await its data() before the call",
    });
  }

  /** Carries out updates that were recorded outside a compiled function, before what comes next: which has failed if the promise does. */
  carryOut(updates: readonly Update[]): Promise<void> | null {
    try {
      return this.launch(readProgram([], updates), asItIs, []).done;
    } catch (error) {
      discard(updates);
      throw error;
    }
  }

  /** Resolves when the backend has been given every program launched. */
  get submitted(): Promise<void> | null {
    return this.#turn;
  }

  #arrive(done: Promise<void>, targets: readonly Tensor[]): Promise<void> {
    const arrived = done.finally(() => targets.forEach((target) => this.#arriving.delete(target)));
    for (const target of targets) this.#arriving.set(target, arrived);
    return arrived;
  }

  /** What a program is run with, as it is now. */
  #gather(program: Program, resolve: (leaf: Tensor) => Tensor): Gathered {
    const inputs: HostData[] = [];
    const bound: DeviceBuffer[] = [];
    const uploads: Gathered["uploads"] = [];
    const leaves = program.leaves.map(resolve);
    const missing = leaves.find(({ source, host }) => source.kind !== "state" && source.kind !== "kept" && host === null);
    if (missing !== undefined) throw new BackendError("backend/no-input", "an input has no data", { facts: { input: String(missing) } });
    for (const tensor of leaves) {
      const { source, host } = tensor;
      if (source.kind === "state") bound.push(this.#cell(source.state, uploads));
      else if (source.kind === "kept") bound.push(keptBuffer(tensor));
      else if (host !== null) inputs.push(host);
    }
    return { inputs, bound, uploads };
  }

  /** The device's buffer for a state cell; a value that only the host has is to be uploaded. */
  #cell(state: State, uploads: Gathered["uploads"]): DeviceBuffer {
    const held = state.buffer;
    if (held instanceof Cell && held.backend === this.#backend) {
      if (state.current !== null && held.version !== state.version) uploads.push({ buffer: held.buffer, data: state.current });
      held.version = state.version;
      return held.buffer;
    }
    const initial = state.hostValue();
    if (initial === null && held instanceof Cell && held.engine === this)
      throw new BackendError("backend/state-lost", `the value of ${state.label} was lost with its device`, {
        hint: "load it from a checkpoint, or set() it",
      });
    if (initial === null)
      throw new BackendError("backend/state-elsewhere", `${state.label} lives on another backend`, {
        hint: "read its data() there first, then set() it",
      });
    const cell = new Cell(this, this.#backend, this.#backend.allocate(state, state.label), state.version);
    uploads.push({ buffer: cell.buffer, data: initial });
    state.buffer = cell;
    state.current = null;
    return cell.buffer;
  }

  /**
   * Has programs prepared another way, until the function returned is called; that resolves when all that was launched before it is done.
   * Those prepared before stand aside and come back; `prepare` is given the plan of a program that is among them.
   *
   * @throws BackendError if that is so already.
   */
  prepareWith(prepare: (program: Program, plan: Plan | undefined) => Prepared): () => Promise<void> {
    if (this.#aside !== null) {
      throw new BackendError("compile/profiled", "a profile of this runtime is under way", {
        subject: "profile",
        hint: "let it end before the next begins",
      });
    }
    this.startRequested();
    const aside = this.#executables;
    const own = new Executables((program) => prepare(program, aside.planOf(program)));
    this.#executables = own;
    this.#aside = aside;
    return async () => {
      if (this.#executables !== own) return;
      await this.finish();
      this.#executables = aside;
      this.#aside = null;
      // Others may have launched something meanwhile.
      await this.finish();
      own.clear();
    };
  }

  /** Compiled programs held. */
  get executables(): number {
    return this.#executables.count;
  }

  /** Gives back every executable; programs are compiled again when next run. */
  clear(): void {
    this.#executables.clear();
    this.#aside?.clear();
  }

  async dispose(): Promise<void> {
    await this.finish();
    this.clear();
    await this.#backend.dispose();
  }

  /** Starts what was asked for so far, and resolves when that and all that was launched is done or has failed. */
  async finish(): Promise<void> {
    const asked = this.#batch?.done;
    this.startRequested();
    await this.#turn;
    await Promise.allSettled([asked, ...this.#arriving.values()]);
  }
}

/** A program on its way through the backend. */
export interface Launch {
  readonly plan: Plan;
  /** Resolves when its results are on the host; null if they are. */
  readonly done: Promise<void> | null;
}

interface Gathered {
  readonly inputs: readonly HostData[];
  readonly bound: readonly DeviceBuffer[];
  readonly uploads: { readonly buffer: DeviceBuffer; readonly data: HostData }[];
}

interface Batch {
  readonly tensors: Set<Tensor>;
  readonly start: () => void;
  readonly done: Promise<void>;
}

/** A state cell's buffer on one engine's device. */
class Cell implements StateBuffer {
  readonly engine: Engine;
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  version: number;

  constructor(engine: Engine, backend: Backend, buffer: DeviceBuffer, version: number) {
    this.engine = engine;
    this.backend = backend;
    this.buffer = buffer;
    this.version = version;
  }

  read(): HostData | Promise<HostData> {
    const { submitted } = this.engine;
    return submitted === null ? this.buffer.read() : submitted.then(() => this.buffer.read());
  }

  free(): void {
    this.buffer.free();
  }
}

/** Every update recorded and not yet carried out. */
export function takePending(): Update[] {
  const updates: Update[] = [];
  for (const state of pendingStates) if (state.pending !== null) updates.push({ state, value: state.pending });
  return updates;
}

/** Copies of data as tensors that a compiled function's results settle into. */
export function unsettled({ shape, dtype }: Aval): Tensor {
  return new Tensor({ shape, dtype }, { kind: "host", computed: true });
}

/** A step that failed is lost, and its updates with it: the next one starts from the state as it is. */
function discard(updates: readonly Update[]): void {
  for (const { state, value } of updates) if (state.pending === value) state.discard();
}

function asItIs(leaf: Tensor): Tensor {
  return leaf;
}

/** What this engine's backend allocated for a kept tensor. */
function keptBuffer(tensor: Tensor): DeviceBuffer {
  if (!(tensor instanceof KeptTensor)) throw new RangeError("a kept value has lost its handle");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keep() alone makes handles, around a backend's buffer; another backend refuses it by its class
  return tensor.buffer as DeviceBuffer;
}

function refuseArguments({ leaves }: Program): void {
  if (leaves.some(({ source }) => source.kind === "argument")) {
    throw new BackendError(
      "compile/read-inside",
      "a value was read inside a function that is being recorded, compiled or a step of a scan, where arguments have no data yet",
      {
        hint: "return the tensor and read it outside",
      },
    );
  }
}

function refuseStale({ leaves }: Program): void {
  for (const { source } of leaves) {
    if (source.kind !== "state" || source.version === source.state.version) continue;
    throw new StaleError(
      "state/stale",
      `reads ${source.state.label} as it was after update ${source.version}, and update ${source.state.version} has overwritten it`,
      {
        subject: "data",
        hint: "read the value before the next step, or compute it again from the parameter's present value",
      },
    );
  }
}
