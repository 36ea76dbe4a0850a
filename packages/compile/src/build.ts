import {
  axisIndex,
  type ErasedLibraryOp,
  type ErasedRoutineOp,
  type Aval,
  attrsOf,
  mapSlots,
  type Scalar,
  ScalarBuilder,
  sizeOf,
} from "@gradus/tensor";
import { BitSet } from "./bit-set.ts";
import { canonicalise, type Graph, type Node } from "./canonical.ts";
import { bufferNode, type Group, group, type Grouping, isAlias } from "./group.ts";
import { LoopLowering } from "./alike.ts";
import { lowerEpilogue, type LoweredEpilogue, type LoweredLoop, FusionMiss } from "./lower.ts";
import { cacheLine, type Lifetime, planMemory } from "./memory.ts";
import { type Pieces, placePieces } from "./parts.ts";
import {
  bytesOf,
  type LibraryStep,
  type Plan,
  type PlanBuffer,
  type PlanWishes,
  readsOfStep,
  type RoutineStep,
  type ScanStep,
  type Step,
  type Sweeping,
  writesOfStep,
} from "./plan.ts";
import type { Program } from "./program.ts";
import { type LoweredScan, lowerScan } from "./scan.ts";
import { schedule, type Task, wavesOf } from "./schedule.ts";
import { findSweeps, firstStep, maySharePlace, type Memory, usualSweeping } from "./sweeps.ts";

/** A group lowered: what its kernel computes, with nodes where buffers will be. */
type Kernel = LoopKernel | LibraryKernel | RoutineKernel | ScanKernel;

interface LoopKernel {
  readonly kind: "loop";
  readonly stores: readonly Node[];
  readonly reads: readonly Node[];
  readonly loop: LoweredLoop;
}

interface LibraryKernel {
  readonly kind: "library";
  readonly stores: readonly Node[];
  /** What the call reads, in slot order, then what its epilogue reads. */
  readonly reads: readonly Node[];
  readonly node: Node;
  readonly epilogue: LoweredEpilogue | null;
}

interface RoutineKernel {
  readonly kind: "routine";
  readonly stores: readonly Node[];
  /** What the call reads, in slot order. */
  readonly reads: readonly Node[];
  readonly node: Node;
  readonly op: ErasedRoutineOp;
}

interface ScanKernel {
  readonly kind: "scan";
  /** The taps. */
  readonly stores: readonly Node[];
  readonly reads: readonly Node[];
  readonly scan: LoweredScan;
}

const usualWishes: PlanWishes = { alignment: cacheLine, rowAlignment: 1, sideBySide: false, takesHalves: false, sweeping: usualSweeping };

/** Compiles a program: canonical → group → lower → schedule → memory. Pure: the same program gives the same plan. */
export function buildPlan(program: Program, wishes: PlanWishes = usualWishes): Plan {
  const { alignment, sideBySide, sweeping } = wishes;
  const graph = canonicalise(program, wishes);
  const grouping = group(graph, alignment);
  const [scans, groups] = partition(grouping.groups, ({ stores: [first] }) => first?.op?.kind === "tap");
  const computing = lowerGroups(groups, grouping.stored);
  const pieces = placePieces(graph, grouping, new Set(computing.flatMap(({ stores }) => stores)));
  const kernels: Kernel[] = [
    ...computing,
    ...scans.map(({ stores }): ScanKernel => {
      // What a step touches is in cache, and its plan binds all that it shares with others.
      const scan = lowerScan(stores, grouping.stored, pieces.initial, (step) => buildPlan(step, { ...wishes, sweeping: null }));
      return { kind: "scan", stores, reads: scan.reads, scan };
    }),
    ...pieces.copies.map(({ store, loop }) => ({ kind: "loop", stores: [store], reads: loop.reads, loop }) as const),
  ];
  const assembly = (): Assembly => new Assembly(graph, grouping, kernels, pieces, { alignment, sweeping: sideBySide ? null : sweeping });
  const inOrder = assembly().plan(planName(program), false);
  if (!sideBySide) return inOrder;
  const inWaves = assembly().plan(planName(program), true);
  // Work side by side is alive side by side: not at any price.
  return inWaves.arenaBytes <= mostGrowth * inOrder.arenaBytes + freeGrowth ? inWaves : inOrder;
}

/** How much larger than the least an arena may be for the sake of waves: a factor, and bytes that do not matter. */
const mostGrowth = 1.5;
const freeGrowth = 1 << 20;

function lowerGroups(groups: readonly Group[], stored: ReadonlySet<Node>): Kernel[] {
  const lowering = new LoopLowering(stored);
  return groups.flatMap((each) => lowerGroup(each, stored, lowering));
}

function lowerGroup(each: Group, stored: ReadonlySet<Node>, lowering: LoopLowering): Kernel[] {
  const [first] = each.stores;
  if (first === undefined) return [];
  const { stores, producers } = each;
  const source = producers[0] ?? first;
  const { op } = source;
  if (op?.kind === "routine")
    return [{ kind: "routine", stores, reads: source.parents.map((parent) => bufferNode(parent, stored)), node: source, op }];
  const library = op?.kind === "library" ? source : null;
  try {
    if (library === null) {
      const loop = lowering.lower(each);
      return [{ kind: "loop", stores, reads: loop.reads, loop }];
    }
    const epilogue = library === first ? null : lowerEpilogue(each, stored, libraryAxes(library));
    const reads = [...library.parents.map((parent) => bufferNode(parent, stored)), ...(epilogue?.reads ?? [])];
    return [{ kind: "library", stores, reads, node: library, epilogue }];
  } catch (error) {
    if (!(error instanceof FusionMiss)) throw error;
    return splitGroup(each, stored);
  }
}

/** The same values as separate kernels, where fusing them turned out impossible. */
function splitGroup({ stores, producers }: Group, stored: ReadonlySet<Node>): Kernel[] {
  const apart: Group[] =
    stores.length > 1
      ? stores.map((store, i) => ({ stores: [store], producers: [producers[i] ?? null] }))
      : [...producers, ...stores].flatMap((node) => (node === null ? [] : [{ stores: [node], producers: [null] }]));
  const nodes = new Set([...stored, ...apart.flatMap((each) => each.stores)]);
  return lowerGroups(apart, nodes);
}

function libraryOp({ op }: Node): ErasedLibraryOp {
  if (op?.kind !== "library") throw new RangeError("not a library op");
  return op;
}

function libraryAxes(node: Node): readonly number[] {
  const { axes } = libraryOp(node);
  if (axes === undefined) throw new RangeError("not a library op that takes an epilogue");
  return axes(node.tensor, attrsOf(node.tensor));
}

function planName({ key }: Program): string {
  return (key.hash >>> 0).toString(16).padStart(8, "0");
}

/** Buffers, order and offsets for a set of kernels. */
class Assembly {
  readonly #graph: Graph;
  readonly #stored: ReadonlySet<Node>;
  readonly #kernels: readonly Kernel[];
  readonly #runs: Grouping["runs"];
  readonly #pieces: Pieces;
  readonly #alignment: number;
  readonly #sweeping: Sweeping | null;
  readonly #buffers: { aval: Aval; label: string; bound: number | null }[] = [];
  readonly #bufferOf = new Map<Node, number>();
  readonly #bound: number[] = [];

  constructor(
    graph: Graph,
    { stored, runs }: Grouping,
    kernels: readonly Kernel[],
    pieces: Pieces,
    { alignment, sweeping }: Pick<PlanWishes, "alignment" | "sweeping">,
  ) {
    this.#runs = runs;
    this.#alignment = alignment;
    this.#sweeping = sweeping;
    this.#pieces = pieces;
    this.#graph = graph;
    this.#stored = new Set([...stored, ...kernels.flatMap(({ stores }) => stores)]);
    this.#kernels = kernels.filter(({ stores }) => stores.some(({ tensor }) => tensor.size > 0));
  }

  plan(name: string, sideBySide: boolean): Plan {
    const inputs: number[] = [];
    for (const leaf of this.#graph.leaves) {
      const { kind } = leaf.tensor.source;
      const bound = kind === "state" || kind === "kept";
      const id = this.#add(leaf, bound);
      if (!bound) inputs.push(id);
    }
    const written = this.#claimStateBuffers();
    const placed = [...this.#kernels.flatMap(({ stores }) => stores), ...this.#pieces.of.keys(), ...this.#pieces.parts.keys()];
    for (const node of placed) if (!this.#bufferOf.has(node)) this.#add(node, false);
    const updates = this.#graph.updates.filter(({ state, old, value }) => !written.has(state) && value !== old);
    const copies = updates.map(({ old, value }) => ({ from: this.#buffer(value), to: this.#buffer(old) }));
    const results = this.#graph.outputs.map((output) => this.#buffer(output));

    const { order: byBytes, waves } = this.#order(written, sideBySide);
    const inOrder = byBytes.map((index) => this.#step(this.#kernels[index]));
    const swept = findSweeps(inOrder, this.#memory(), this.#sweeping);
    const { sweeps } = swept;
    const order = swept.order.flatMap((number) => byBytes[number] ?? []);
    const steps = swept.order.flatMap((number) => inOrder[number] ?? []);
    // Old values that are still wanted once the copies begin: handed to another cell, or read by the host.
    const overwritten = new Set(copies.map(({ to }) => to));
    const saved = new Map<number, number>();
    for (const id of [...copies.map(({ from }) => from), ...results]) {
      if (!overwritten.has(id) || saved.has(id)) continue;
      saved.set(id, this.#addCopy(id));
      steps.push(this.#copyStep(id, saved.get(id) ?? id));
    }
    for (const { from, to } of copies) steps.push(this.#copyStep(saved.get(from) ?? from, to));
    while (waves.length < steps.length) waves.push((waves.at(-1) ?? -1) + 1);
    const outputs = results.map((id) => saved.get(id) ?? id);
    const { buffers, arenaBytes } = this.#place(steps, { waves, sweeps }, { inputs, outputs, order });
    return { name, buffers, steps, waves, sweeps, inputs, outputs, bound: this.#bound, arenaBytes };
  }

  /** Kernels by peak bytes. Values are named by node: a new state value shares its cell's buffer, and yet is another value. */
  #order(written: ReadonlySet<unknown>, sideBySide: boolean): { readonly order: readonly number[]; readonly waves: number[] } {
    const { nodes, outputs, leaves } = this.#graph;
    const given = [...outputs, ...leaves].map(({ id }) => id);
    const replacing = this.#graph.updates.flatMap(({ state, value }) => (written.has(state) ? [value.id] : []));
    const tasks = this.#tasks(written);
    const order = schedule(
      tasks,
      [...nodes, ...this.#pieces.copies.map(({ store }) => store)].map(({ tensor }) => bytesOf(tensor)),
      new Set([...given, ...replacing]),
    );
    if (order === null) throw new RangeError("the kernels of a plan wait for each other");
    if (!sideBySide) return { order, waves: order.map((_, time) => time) };
    const waveOf = wavesOf(tasks, order);
    const byWave = order.toSorted((a, b) => (waveOf[a] ?? 0) - (waveOf[b] ?? 0));
    return { order: byWave, waves: byWave.map((index) => waveOf[index] ?? 0) };
  }

  #addCopy(of: number): number {
    const { aval = { shape: [], dtype: "float32" }, label = "?" } = this.#buffers[of] ?? {};
    return this.#buffers.push({ aval, label: `${label}, before the step`, bound: null }) - 1;
  }

  #add(node: Node, bound: boolean): number {
    const { tensor, op } = node;
    const id = this.#buffers.length;
    this.#buffers.push({
      aval: { shape: tensor.shape, dtype: tensor.dtype },
      label: labelOf(tensor, op),
      bound: bound ? this.#bound.length : null,
    });
    if (bound) this.#bound.push(id);
    this.#bufferOf.set(node, id);
    return id;
  }

  #buffer(node: Node): number {
    const own = isAlias(node, this.#graph, this.#stored) ? undefined : this.#bufferOf.get(node);
    const id = own ?? this.#bufferOf.get(bufferNode(node, this.#stored));
    if (id === undefined) {
      if (node.tensor.size === 0) return this.#add(node, false);
      throw new RangeError(`no buffer was planned for ${String(node.tensor)}`);
    }
    return id;
  }

  /** Lets a new state value be written straight into its cell where nothing reads the old one afterwards. */
  #claimStateBuffers(): ReadonlySet<unknown> {
    const written = new Set<unknown>();
    const after = this.#reachability();
    for (const { state, old, value } of this.#graph.updates) {
      const writer = this.#kernels.findIndex(({ stores }) => stores.includes(value));
      const kernel = this.#kernels[writer];
      if (kernel === undefined || kernel.kind === "scan" || this.#graph.updates.filter((other) => other.value === value).length > 1)
        continue;
      if (this.#graph.outputs.includes(old) || this.#graph.updates.some((other) => other.value === old)) continue;
      const oldReaders = this.#kernels.flatMap((other, index) => (other.reads.includes(old) && index !== writer ? [index] : []));
      if (oldReaders.some((index) => after[writer]?.has(index) === true)) continue;
      if (kernel.reads.includes(old) && !(kernel.kind === "loop" && kernel.loop.terms.length === 0 && kernel.loop.elementwise.has(old)))
        continue;
      const target = this.#bufferOf.get(old);
      if (target === undefined) continue;
      this.#bufferOf.set(value, target);
      // Readers of the old value now have to come before this kernel, and so before all that follow it.
      const later = new BitSet(this.#kernels.length);
      later.add(writer);
      if (after[writer] !== undefined) later.addAll(after[writer]);
      for (const index of oldReaders) {
        after.forEach((reached, from) => {
          if (from === index || reached.has(index)) reached.addAll(later);
        });
      }
      written.add(state);
    }
    return written;
  }

  /** For each kernel, the kernels that need its results, directly or not. */
  #reachability(): BitSet[] {
    const makers = new Map<Node, number>();
    this.#kernels.forEach(({ stores }, index) => stores.forEach((store) => makers.set(store, index)));
    const after = this.#kernels.map(() => new BitSet(this.#kernels.length));
    const order = schedule(this.#tasks(new Set()), [], new Set()) ?? [];
    for (const index of order.toReversed()) {
      const kernel = this.#kernels[index];
      if (kernel === undefined) continue;
      for (const read of this.#needs(kernel)) {
        const maker = makers.get(read);
        if (maker === undefined || maker === index) continue;
        after[maker]?.add(index);
        if (after[index] !== undefined) after[maker]?.addAll(after[index]);
      }
    }
    return after;
  }

  #tasks(written: ReadonlySet<unknown>): Task[] {
    const overwriters = new Map<Node, number>();
    for (const { state, old, value } of this.#graph.updates) {
      if (written.has(state))
        overwriters.set(
          old,
          this.#kernels.findIndex(({ stores }) => stores.includes(value)),
        );
    }
    const after = this.#kernels.map(() => new Set<number>());
    this.#kernels.forEach((kernel, index) => {
      for (const read of kernel.reads) {
        const overwriter = overwriters.get(read);
        if (overwriter !== undefined && overwriter !== index) after[overwriter]?.add(index);
      }
    });
    return this.#kernels.map((kernel, index) => ({
      makes: kernel.stores.map(({ id }) => id),
      takes: this.#needs(kernel).map(({ id }) => id),
      after: [...(after[index] ?? [])],
    }));
  }

  /** The values a kernel waits for: what it reads, and of a whole or a run of one, the pieces. */
  #needs({ reads }: Kernel): readonly Node[] {
    return reads.flatMap((read) => {
      const whole = this.#runs.get(read)?.whole ?? read;
      return this.#pieces.of.get(whole) ?? [whole];
    });
  }

  #step(kernel: Kernel | undefined): Step {
    if (kernel === undefined) throw new RangeError("the schedule names a kernel that is not there");
    const label = kernel.stores.map(({ op }) => op?.name ?? "copy").join("+");
    if (kernel.kind === "loop") {
      const { loop, stores } = kernel;
      return {
        kind: "loop",
        label,
        extents: loop.extents,
        reduce: loop.reduce,
        terms: loop.terms,
        reads: loop.reads.map((read) => this.#buffer(read)),
        writes: stores.map((store, i) => ({ buffer: this.#buffer(store), value: valueAt(loop.values, i) })),
      };
    }
    if (kernel.kind === "scan") return this.#scanStep(kernel);
    return kernel.kind === "library" ? this.#libraryStep(kernel, label) : this.#routineStep(kernel, label);
  }

  #scanStep({ stores, reads, scan: { body, count, rows } }: ScanKernel): ScanStep {
    const label = "scan";
    const aval: Aval = { shape: [Math.ceil(body.arenaBytes / 4)], dtype: "float32" };
    const arena = body.arenaBytes === 0 ? null : this.#buffers.push({ aval, label: `a step of ${label}`, bound: null }) - 1;
    return {
      kind: "scan",
      label,
      body,
      count,
      rows: rows.map(({ node, first, step }) => ({ buffer: this.#buffer(node), first, step })),
      arena,
      reads: reads.map((read) => this.#buffer(read)),
      writes: [...stores.map((store) => this.#buffer(store)), ...(arena === null ? [] : [arena])],
    };
  }

  #routineStep({ node, stores, reads, op }: RoutineKernel, label: string): RoutineStep {
    const { tensor } = node;
    const [store] = stores;
    if (store === undefined) throw new RangeError("a routine stores nothing");
    const call = { x: mapSlots(tensor, (parent): Aval => parent), attrs: attrsOf(tensor), out: tensor };
    const items = op.items(call);
    return {
      kind: "routine",
      label,
      op,
      call,
      items,
      sizes: [...node.parents.map((parent) => parent.tensor), tensor].map(({ shape }) => sizeOf(shape) / items),
      reads: reads.map((read) => this.#buffer(read)),
      write: this.#buffer(store),
    };
  }

  #libraryStep({ node, stores, reads, epilogue }: LibraryKernel, label: string): LibraryStep {
    const [store = node] = stores;
    const op = libraryOp(node);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row's types describe its call; they were erased when it was recorded, and its name says which row it is
    return {
      kind: "library",
      label: store === node ? op.name : `${op.name}+${label}`,
      op: op.name,
      call: { x: mapSlots(node.tensor, (parent): Aval => parent), attrs: attrsOf(node.tensor), out: node.tensor },
      // The same buffers the schedule waited for: a view's own copy, made for an output, may not be there yet.
      reads: reads.slice(0, node.parents.length).map((read) => this.#buffer(read)),
      write: this.#buffer(store),
      epilogue:
        epilogue === null ? null : { axes: epilogue.axes, value: epilogue.value, reads: epilogue.reads.map((read) => this.#buffer(read)) },
    } as unknown as LibraryStep;
  }

  #copyStep(from: number, to: number): Step {
    const s = new ScalarBuilder();
    const aval = this.#buffers[to]?.aval ?? { shape: [], dtype: "float32" };
    const size = sizeOf(aval.shape);
    return {
      kind: "loop",
      label: "copy",
      extents: [size],
      reduce: [],
      terms: [],
      reads: [from],
      writes: [{ buffer: to, value: s.load(0, aval.dtype, axisIndex(0, size)) }],
    };
  }

  #memory(): Memory {
    const parts = this.#partsById();
    return {
      buffers: this.#buffers.map(({ aval }) => ({ ...aval, bytes: bytesOf(aval) })),
      wholeOf: (id) => {
        let whole = id;
        for (let next = parts.get(whole)?.of; next !== undefined; next = parts.get(whole)?.of) whole = next;
        return whole;
      },
    };
  }

  #place(
    steps: readonly Step[],
    { waves, sweeps }: Pick<Plan, "waves" | "sweeps">,
    {
      inputs,
      outputs,
      order,
    }: { readonly inputs: readonly number[]; readonly outputs: readonly number[]; readonly order: readonly number[] },
  ): { buffers: PlanBuffer[]; arenaBytes: number } {
    const from = new Map<number, number>(inputs.map((id) => [id, -1]));
    const to = new Map<number, number>(inputs.map((id) => [id, -1]));
    steps.forEach((step, i) => {
      const time = waves[i] ?? i;
      for (const id of writesOfStep(step)) if (!from.has(id)) from.set(id, time);
      for (const id of [...readsOfStep(step), ...writesOfStep(step)]) to.set(id, time);
    });
    for (const id of outputs) to.set(id, (waves.at(-1) ?? 0) + 1);
    const parts = this.#partsById();
    const wholes = new Set([...parts.values()].map(({ of }) => of));
    const memory = this.#memory();
    const heir = this.#inPlace(steps, waves, {
      from,
      to,
      order,
      fixed: new Set([...inputs, ...parts.keys(), ...wholes]),
      mayShare: (ids) => maySharePlace(ids, steps, sweeps, memory),
    });
    const rootOf = (id: number): number => {
      let root = id;
      for (let next = heir.get(root) ?? parts.get(root)?.of; next !== undefined; next = heir.get(root) ?? parts.get(root)?.of) root = next;
      return root;
    };
    const offsetIn = (id: number): number => {
      const part = parts.get(id);
      return part === undefined
        ? 0
        : part.first * bytesOf({ shape: [1], dtype: this.#buffers[id]?.aval.dtype ?? "float32" }) + offsetIn(part.of);
    };
    const slots = new Map(this.#bound.map((id, slot) => [rootOf(id), slot]));
    const roots = new Map<number, Lifetime>();
    this.#buffers.forEach(({ aval }, id) => {
      const root = rootOf(id);
      if (slots.has(root)) return;
      // No step writes a whole: it is there from its first piece on.
      const start = from.get(id) ?? (parts.has(id) || wholes.has(id) ? Number.POSITIVE_INFINITY : -1);
      const life = { bytes: bytesOf(aval), from: firstStep(sweeps, start), to: to.get(id) ?? -1 };
      const known = roots.get(root);
      roots.set(
        root,
        known === undefined
          ? life
          : { bytes: Math.max(known.bytes, life.bytes), from: Math.min(known.from, life.from), to: Math.max(known.to, life.to) },
      );
    });
    const ids = [...roots.keys()];
    const { offsets, bytes } = planMemory([...roots.values()], this.#alignment);
    const offsetOf = new Map(ids.map((id, i) => [id, offsets[i] ?? 0]));
    const buffers = this.#buffers.map(({ aval, label }, id): PlanBuffer => {
      const slot = slots.get(rootOf(id));
      const part = parts.get(id);
      return {
        ...aval,
        label,
        bytes: bytesOf(aval),
        place: slot === undefined ? { kind: "arena", offset: (offsetOf.get(rootOf(id)) ?? 0) + offsetIn(id) } : { kind: "bound", slot },
        ...(part === undefined ? {} : { part }),
      };
    });
    return { buffers, arenaBytes: bytes };
  }

  /** Buffers that lie inside others. */
  #partsById(): ReadonlyMap<number, NonNullable<PlanBuffer["part"]>> {
    return new Map(
      [...this.#pieces.parts].flatMap(([node, { whole, first }]) => {
        const [id, of] = [this.#bufferOf.get(node), this.#bufferOf.get(whole)];
        return id === undefined || of === undefined ? [] : [[id, { of, first }] as const];
      }),
    );
  }

  /**
   * Results that share the memory of a value dying at their own step, when every read of it is at the element written: theirs
   * where it is a state cell's and nothing reads the old state from then on, else the value's.
   */
  #inPlace(
    steps: readonly Step[],
    waves: readonly number[],
    {
      from,
      to,
      order,
      fixed,
      mayShare,
    }: {
      readonly from: ReadonlyMap<number, number>;
      readonly to: ReadonlyMap<number, number>;
      readonly order: readonly number[];
      /** Neither give their memory away nor take another's. */
      readonly fixed: ReadonlySet<number>;
      /** Whether sweeps let all these lie in one place. */
      readonly mayShare: (ids: readonly number[]) => boolean;
    },
  ): Map<number, number> {
    const heir = new Map<number, number>();
    const taken = new Set<number>();
    /** A value and those it took its memory over from. */
    const inOnePlace = new Map<number, number[]>();
    /** Since which wave a value's memory is in use, by it or those it took over from. */
    const since = new Map(from);
    const readers = new Map<string, number>();
    steps.forEach((step, i) => {
      for (const id of new Set(readsOfStep(step))) readers.set(`${waves[i]} ${id}`, (readers.get(`${waves[i]} ${id}`) ?? 0) + 1);
    });
    const readersIn = (wave: number, id: number): number => readers.get(`${wave} ${id}`) ?? 0;
    const isRead = (id: number, first: number, last: number): boolean => {
      for (let wave = first; wave <= last; wave++) if (readersIn(wave, id) > 0) return true;
      return false;
    };
    order.forEach((index, i) => {
      const kernel = this.#kernels[index];
      const step = steps[i];
      const time = waves[i] ?? i;
      if (kernel?.kind !== "loop" || step?.kind !== "loop" || step.terms.length > 0) return;
      for (const { buffer: write } of step.writes) {
        const info = this.#buffers[write];
        if (info === undefined || fixed.has(write) || from.get(write) !== time) continue;
        const donor = step.reads.find((read, at) => {
          const node = kernel.loop.reads[at];
          const other = this.#buffers[read];
          if (node === undefined || other === undefined || other.bound !== null || taken.has(read) || fixed.has(read)) return false;
          return (
            to.get(read) === time &&
            readersIn(time, read) === 1 &&
            from.get(read) !== time &&
            kernel.loop.elementwise.has(node) &&
            bytesOf(other.aval) === bytesOf(info.aval) &&
            sizeOf(other.aval.shape) === sizeOf(info.aval.shape) &&
            (info.bound === null || !isRead(write, since.get(read) ?? 0, time)) &&
            mayShare([...(inOnePlace.get(read) ?? [read]), write])
          );
        });
        if (donor === undefined) continue;
        taken.add(donor);
        since.set(write, since.get(donor) ?? time);
        heir.set(write, donor);
        const chain = inOnePlace.get(donor) ?? [donor];
        chain.push(write);
        inOnePlace.set(write, chain);
      }
    });
    return heir;
  }
}

function partition<T>(list: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [list.filter(belongs), list.filter((item) => !belongs(item))];
}

function valueAt(values: readonly Scalar[], index: number): Scalar {
  const value = values[index];
  if (value === undefined) throw new RangeError("a store has no value");
  return value;
}

function labelOf(tensor: Node["tensor"], op: Node["op"]): string {
  const { source } = tensor;
  switch (source.kind) {
    case "state":
      return source.state.label;
    case "argument":
      return `argument ${source.position}`;
    case "host":
      return "constant";
    case "kept":
      return "kept";
    case "op":
      return op?.name ?? "op";
  }
  source satisfies never;
}
