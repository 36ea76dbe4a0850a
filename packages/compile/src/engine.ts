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

/** A program compiled and ready. */
export interface Prepared {
  readonly plan: Plan;
  readonly executable: Executable;
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
  readonly #cache = new ProgramCache<{ prepared: Prepared; used: number }>();
  #clock = 0;
  #held = 0;
  /** Resolves when the backend has been given every program asked for; null when it has. */
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
    // One at a time, and without a pause before it is launched: an update stays pending until it has been carried out,
    // so whoever came in between would carry it out again.
    for (;;) {
      const before = this.#turn === null ? this.#onTheWay(tensors) : [this.#turn];
      if (before.length === 0) break;
      await Promise.allSettled(before);
    }
    const updates = takePending();
    const wanted = tensors.filter(({ host }) => host === null);
    if (wanted.length === 0 && updates.length === 0) return;
    const program = readProgram(wanted, updates);
    refuseArguments(program);
    refuseStale(program);
    try {
      await this.launch({ read: () => program, updates, resolve: asItIs, targets: wanted }).done;
    } catch (error) {
      // The step is lost, and its updates with it: the next one starts from the state as it is.
      for (const { state, value } of updates) if (state.pending === value) state.discard();
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

  /** The executable of a program, from the cache or built now. */
  prepare(program: Program): Prepared | Promise<Prepared> {
    const entry = this.#cache.get(program.key);
    if (entry !== undefined) {
      entry.used = ++this.#clock;
      return entry.prepared;
    }
    const plan = buildPlan(program, this.backend.alignment);
    const store = (executable: Executable): Prepared => {
      const prepared = { plan, executable };
      this.#makeRoom();
      this.#cache.set(program.key, { prepared, used: ++this.#clock });
      this.#held++;
      return prepared;
    };
    const executable = this.backend.prepare(plan);
    return executable instanceof Promise ? executable.then(store) : store(executable);
  }

  /** Gives the backend a program, after all that were launched before it. */
  launch({ read, updates, resolve, targets, made }: Request): Launch {
    const start = (program: Program, prepared: Prepared): Promise<void> | null => {
      made?.(prepared.plan);
      return this.#start(program, prepared, resolve, targets);
    };
    const turn = this.#turn;
    if (turn !== null) {
      const following = async (): Promise<{ readonly done: Promise<void> | null }> => {
        const program = read();
        return { done: start(program, await this.prepare(program)) };
      };
      return this.#inTurn(updates, turn.then(following));
    }
    const program = read();
    const prepared = this.prepare(program);
    if (!(prepared instanceof Promise)) return { submitted: null, done: start(program, prepared) };
    const then = prepared.then((ready) => ({ done: start(program, ready) }));
    return this.#inTurn(updates, then);
  }

  /** Carries out updates that were recorded outside a compiled function, before what comes next. */
  carryOut(updates: readonly Update[]): void {
    // Another launch may have carried them out when the turn comes.
    const left = (): readonly Update[] =>
      updates.filter(({ state, value }) => value.source.kind !== "state" || value.source.state !== state);
    const discard = (): void => updates.forEach(({ state, value }) => void (state.pending === value && state.discard()));
    try {
      this.launch({ read: () => readProgram([], left()), updates, resolve: asItIs, targets: [] }).done?.catch(discard);
    } catch (error) {
      discard();
      throw error;
    }
  }

  #inTurn(updates: readonly Update[], turn: Promise<{ readonly done: Promise<void> | null }>): Launch {
    const pass = (): void => {
      if (this.#turn === submitted) this.#turn = null;
    };
    const submitted = turn.then(pass, pass);
    this.#turn = submitted;
    for (const { state } of updates) state.running(submitted);
    return { submitted, done: turn.then(({ done }) => done ?? undefined) };
  }

  #start(program: Program, { executable }: Prepared, resolve: (leaf: Tensor) => Tensor, targets: readonly Tensor[]): Promise<void> | null {
    const inputs: HostData[] = [];
    const bound: DeviceBuffer[] = [];
    for (const leaf of program.leaves) {
      const tensor = resolve(leaf);
      const { source } = tensor;
      if (source.kind === "state") bound.push(this.cell(source.state));
      else if (source.kind === "kept") bound.push(keptBuffer(tensor));
      else if (tensor.host === null)
        throw new BackendError("backend/no-input", "an input has no data", { facts: { input: String(tensor) } });
      else inputs.push(tensor.host);
    }
    const settle = (results: readonly HostData[]): void => results.forEach((data, i) => targets[i]?.settle(data));
    const results = executable.run(inputs, bound);
    if (!(results instanceof Promise)) settle(results);
    for (const { state, value } of program.updates) state.advance(value);
    if (!(results instanceof Promise)) return null;
    const arrived = (): void => targets.forEach((target) => this.#arriving.delete(target));
    const done = results.then(settle).finally(arrived);
    for (const target of targets) this.#arriving.set(target, done);
    return done;
  }

  /** The device's buffer for a state cell, filled from the host on first use. */
  cell(state: State): DeviceBuffer {
    const held = state.buffer;
    if (held instanceof Cell && held.engine === this) {
      if (state.current !== null && held.version !== state.version) held.buffer.write(state.current);
      held.version = state.version;
      return held.buffer;
    }
    const initial = state.hostValue();
    if (initial === null)
      throw new BackendError("backend/state-elsewhere", `${state.label} lives on another backend`, {
        hint: "read its data() there first, then set() it",
      });
    const cell = new Cell(this, this.backend.allocate(state, state.label), state.version);
    cell.buffer.write(initial);
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
    for (const { prepared } of this.#cache.values()) prepared.executable.free();
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
    for (const entry of oldest) {
      entry.prepared.executable.free();
      this.#cache.delete(entry);
      this.#held--;
    }
  }
}

/** What to run, and where its values come from and go. */
export interface Request {
  /** Called when the turn has come. */
  readonly read: () => Program;
  readonly updates: readonly Update[];
  /** The tensor that now stands for a leaf: an argument's value. */
  readonly resolve: (leaf: Tensor) => Tensor;
  /** Take the results, one for each output. */
  readonly targets: readonly Tensor[];
  /** Told the plan when there is one. */
  readonly made?: (plan: Plan) => void;
}

/** A program on its way through the backend: when it has been handed over, and when its results are on the host; null for what has happened. */
export interface Launch {
  readonly submitted: Promise<void> | null;
  readonly done: Promise<void> | null;
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
    return this.buffer.read();
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
