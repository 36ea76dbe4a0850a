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
import type { Backend, DeviceBuffer, Executable, Plan } from "./plan.ts";
import { type Program, ProgramCache, readProgram, type Update } from "./program.ts";

/** A program's plan, and its executable when the backend has made it. */
interface Prepared {
  readonly plan: Plan;
  executable: Executable | Promise<Executable>;
  used: number;
}

/** Executables kept at most; beyond it the least recently used one gives its memory back. */
const cacheLimit = 512;

/**
 * Runs graphs on a backend: reads the program, finds or builds its executable, binds data and state, runs, settles.
 *
 * Work is done at once where the backend can (WebAssembly). A backend that computes by itself (WebGPU) is given programs
 * in the order they were asked for, and the next one does not wait for the results of the one before.
 */
export class Engine implements Runtime {
  readonly name: string;
  readonly backend: Backend;
  readonly #cache = new ProgramCache<Prepared>();
  #clock = 0;
  #held = 0;
  /** Resolves when the backend has been given every program launched; null when it has. */
  #turn: Promise<void> | null = null;
  /** Values the backend is computing now, and when each is on the host. */
  readonly #arriving = new Map<Tensor, Promise<void>>();
  /** Values asked for since the last run, to be computed together. */
  #batch: Batch | null = null;

  constructor(backend: Backend) {
    this.name = backend.name;
    this.backend = backend;
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
      const buffer = this.backend.allocate(tensor, "kept");
      buffer.write(tensor.host ?? hostLike(tensor));
      return new KeptTensor(tensor, buffer);
    });
  }

  /**
   * Gives the backend a program, after all that were launched before it; from then on state cells count as updated.
   * `resolve` gives the tensor that now stands for a leaf (an argument's value); results go into `targets`, one for each output.
   */
  launch(program: Program, resolve: (leaf: Tensor) => Tensor, targets: readonly Tensor[]): Launch {
    const prepared = this.#prepare(program);
    const { plan, executable } = prepared;
    const { inputs, bound, uploads } = this.#gather(program, resolve);
    const upload = (): void => {
      for (const { buffer, data } of uploads.splice(0)) buffer.write(data);
    };
    const settle = (results: readonly HostData[]): void => results.forEach((data, i) => targets[i]?.settle(data));
    const advance = (): void => {
      for (const { state, value } of program.updates) state.advance(value);
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

  /** Carries out updates that were recorded outside a compiled function, before what comes next. */
  carryOut(updates: readonly Update[]): void {
    try {
      this.launch(readProgram([], updates), asItIs, []).done?.catch(() => discard(updates));
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

  /** The plan and executable of a program, from the cache or made now. */
  #prepare(program: Program): Prepared {
    const known = this.#cache.get(program.key);
    if (known !== undefined) {
      known.used = ++this.#clock;
      return known;
    }
    const plan = buildPlan(program, this.backend);
    const prepared: Prepared = { plan, executable: this.backend.prepare(plan), used: ++this.#clock };
    this.#makeRoom();
    this.#cache.set(program.key, prepared);
    this.#held++;
    if (prepared.executable instanceof Promise) {
      prepared.executable.then(
        (executable) => (prepared.executable = executable),
        () => this.#forget(prepared),
      );
    }
    return prepared;
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
    if (held instanceof Cell && held.engine === this) {
      if (state.current !== null && held.version !== state.version) uploads.push({ buffer: held.buffer, data: state.current });
      held.version = state.version;
      return held.buffer;
    }
    const initial = state.hostValue();
    if (initial === null)
      throw new BackendError("backend/state-elsewhere", `${state.label} lives on another backend`, {
        hint: "read its data() there first, then set() it",
      });
    const cell = new Cell(this, this.backend.allocate(state, state.label), state.version);
    uploads.push({ buffer: cell.buffer, data: initial });
    state.buffer = cell;
    state.current = null;
    return cell.buffer;
  }

  /** Compiled programs held. */
  get executables(): number {
    return this.#held;
  }

  /** Gives back every executable; programs are compiled again when next run. */
  clear(): void {
    for (const prepared of this.#cache.values()) free(prepared);
    this.#cache.clear();
    this.#held = 0;
  }

  async dispose(): Promise<void> {
    await this.#turn;
    await Promise.allSettled(this.#arriving.values());
    this.clear();
    await this.backend.dispose();
  }

  #makeRoom(): void {
    if (this.#held < cacheLimit) return;
    const oldest = [...this.#cache.values()].sort((a, b) => a.used - b.used).slice(0, cacheLimit / 4);
    for (const prepared of oldest) {
      free(prepared);
      this.#forget(prepared);
    }
  }

  #forget(prepared: Prepared): void {
    if (this.#cache.delete(prepared)) this.#held--;
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
  readonly buffer: DeviceBuffer;
  version: number;

  constructor(engine: Engine, buffer: DeviceBuffer, version: number) {
    this.engine = engine;
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

function free({ executable }: Prepared): void {
  if (!(executable instanceof Promise)) executable.free();
  // What was never made has nothing to give back.
  else
    executable.then(
      (made) => made.free(),
      () => undefined,
    );
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
      "a value was read inside a function that is being compiled, where arguments have no data yet",
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
