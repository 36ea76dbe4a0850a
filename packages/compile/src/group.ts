import { type Combine, leafTable, type Scalar } from "@gradus/tensor";
import { combineOf, lowerAlone, reduceExtents, sharesBuffer } from "./alone.ts";
import { BitSet } from "./bit-set.ts";
import type { Graph, Node } from "./canonical.ts";
import { isCutUp, isJoin, type Part, partOf } from "./parts.ts";
import { scanInputs } from "./scan.ts";

/** One kernel to be: the nodes it stores, and the contraction or reductions whose results feed them. */
export interface Group {
  /** Stored values, those that others read first. The last one's shape is the group's. */
  readonly stores: readonly Node[];
  /** For each store, the reduction or library call computed first, element for element, when it is not stored itself. */
  readonly producers: readonly (Node | null)[];
}

/** What is computed where: groups in dependency order, and the nodes that have buffers. */
export interface Grouping {
  readonly groups: readonly Group[];
  readonly stored: ReadonlySet<Node>;
  /** Stored values without a group, each put together from its parents where they lie one after the other. */
  readonly joins: ReadonlySet<Node>;
  /** Stored values without a group that are a run of another's elements. */
  readonly runs: ReadonlyMap<Node, Part>;
}

/** Above this many additions' worth of work, a value with two readers is stored instead of computed twice. */
const recomputeLimit = 8;
/** The same for a value that one reader reads several times, as a broadcast does. */
const repeatLimit = 4;
/** A single kernel's program is cut here, so that no fusion grows without bound. */
const programLimit = 600;

/**
 * Decides which values get buffers and which are recomputed where they are read.
 *
 * Library calls, reductions, outputs and what library calls read are stored. A pointwise chain that alone reads a
 * library call or a reduction becomes its epilogue. Everything else is inlined into its readers, unless that would
 * repeat costly work. Only traits are looked at: kind, access, sizes, and the cost counted in the body's own program.
 */
export function group(graph: Graph, alignment: number): Grouping {
  const required = new Set<Node>([...graph.outputs, ...graph.updates.map(({ value }) => value)]);
  for (const node of graph.nodes) {
    if (isOpaque(node)) for (const parent of node.parents) required.add(viewBase(parent));
    if (node.op?.kind === "scan") for (const input of scanInputs(node)) required.add(input);
  }
  const replacing = new Set(graph.updates.map(({ value }) => value));
  const joins = new Set(graph.nodes.filter((node) => !replacing.has(node) && isJoin(node, alignment)));
  for (const join of joins) for (const node of [join, ...join.parents]) required.add(viewBase(node));

  const producers = new Map<Node, Node>();
  const stored = new Set(graph.nodes.filter(({ op }) => op === null || op.kind === "tap"));
  const absorbed = new Set<Node>();
  for (const node of graph.nodes) {
    if (!isProducer(node) || absorbed.has(node)) continue;
    let end = node;
    const chain: Node[] = [];
    // A node takes in one producer: where two chains meet, the one recorded first goes on and the other ends here.
    for (
      let next = absorber(node, end, required, replacing);
      next !== null && !producers.has(next) && !absorbed.has(next) && !meetsSibling(node, end, next, stored, producers);
      next = absorber(node, end, required, replacing)
    ) {
      chain.push(end);
      end = next;
    }
    stored.add(end);
    if (end !== node) {
      producers.set(end, node);
      for (const link of chain) absorbed.add(link);
    }
  }

  const cost = new Map<Node, number>();
  const runs = new Map<Node, Part>();
  for (const node of graph.nodes) {
    if (stored.has(node) || absorbed.has(node) || node.op?.kind === "scan") continue;
    const part = replacing.has(node) ? null : partOf(node, stored, replacing, alignment);
    if (part !== null) {
      stored.add(node);
      runs.set(node, part);
      continue;
    }
    const total = ownCost(node) + node.parents.reduce((sum, parent) => sum + (stored.has(parent) ? 1 : (cost.get(parent) ?? 1)), 0);
    cost.set(node, total);
    const repeated = node.readers.some((reader) => reader.op?.kind === "loop" && readsRepeatedly(reader, node));
    const tooDear = (node.readers.length > 1 && total > recomputeLimit) || (repeated && total > repeatLimit) || total > programLimit;
    if (required.has(node) || tooDear || isCutUp(node)) stored.add(node);
  }
  const apart = new Set([...joins, ...runs.keys()]);
  return { groups: joinOutputs(graph, stored, producers, apart), stored, joins, runs };
}

/** The first node of a chain of views that all are the same elements in the same row-major order. */
function viewBase(node: Node): Node {
  let base = node;
  for (let parent = base.parents[0]; parent !== undefined && sharesBuffer(base, parent); parent = base.parents[0]) base = parent;
  return base;
}

/** The stored node whose buffer holds `node`'s elements: itself, or what it is a row-major view of. */
export function bufferNode(node: Node, stored: ReadonlySet<Node>): Node {
  let holder = node;
  let base = node;
  for (let parent = base.parents[0]; parent !== undefined && sharesBuffer(base, parent); parent = base.parents[0]) {
    base = parent;
    if (stored.has(base)) holder = base;
  }
  return holder;
}

/** Whether the op reads its inputs from buffers of their own, as a whole. */
function isOpaque({ op }: Node): boolean {
  return op?.kind === "library" || op?.kind === "routine";
}

function isProducer({ op }: Node): boolean {
  return op?.kind === "library" || op?.kind === "routine" || (op?.kind === "loop" && op.access === "reduce");
}

/**
 * The pointwise node that can take `node` in as it is computed, at the end of a chain that begins with `source`: its only reader, of
 * the same size, element for element. A library kernel stores its own dtype.
 */
function absorber(source: Node, node: Node, required: ReadonlySet<Node>, replacing: ReadonlySet<Node>): Node | null {
  const [reader] = node.readers;
  if (reader === undefined || node.readers.length !== 1 || required.has(node) || reader.op?.kind !== "loop") return null;
  if (reader.tensor.size !== node.tensor.size) return null;
  if (node.op?.kind === "routine") return null;
  if (source.op?.kind === "library" && (source.op.axes === undefined || reader.tensor.dtype !== source.tensor.dtype)) return null;
  // A kernel may gather partial sums in its output, so it never writes over a state cell that it still reads.
  if (replacing.has(reader)) return null;
  return reader.op.access === "pointwise" || (isPureView(reader) && sharesBuffer(reader, node)) ? reader : null;
}

/**
 * Whether `next`, which could take the reduction `node` in, also reads one that can be computed in the same pass: each then ends
 * here, for a pass over what both read costs more than a kernel over their results.
 */
function meetsSibling(node: Node, end: Node, next: Node, stored: ReadonlySet<Node>, producers: ReadonlyMap<Node, Node>): boolean {
  if (!isReduction(node)) return false;
  const own = storedInputs(node, stored);
  return next.parents.some((parent) => {
    if (parent === end) return false;
    for (const source of stored.has(parent) ? [parent] : storedInputs(parent, stored)) {
      const other = producers.get(source) ?? source;
      if (!isReduction(other) || own.has(source) || extentsOf(other) !== extentsOf(node)) continue;
      for (const read of storedInputs(other, stored)) if (own.has(read) && read.tensor.size > node.tensor.size) return true;
    }
    return false;
  });
}

function isPureView({ op }: Node): boolean {
  return op?.kind === "loop" && op.access === "view";
}

function readsRepeatedly({ op, tensor }: Node, parent: Node): boolean {
  if (op?.kind !== "loop") return false;
  if (op.access === "index") return true;
  if (op.access === "view") return tensor.size > parent.tensor.size;
  if (op.access !== "reduce") return false;
  return tensor.size * reduceExtents({ tensor, op }).reduce((size, extent) => size * extent, 1) > parent.tensor.size;
}

/** Additions' worth of one element's work, counted in the op's own scalar program. */
function ownCost(node: Node): number {
  const { result } = lowerAlone(node);
  const seen = new Set<Scalar>();
  const count = (scalar: Scalar): number => {
    if (seen.has(scalar) || scalar.kind !== "call") return 0;
    seen.add(scalar);
    return scalar.args.reduce((sum, arg) => sum + count(arg), leafTable[scalar.leaf].cost);
  };
  return count(result);
}

interface OpenGroup {
  readonly stores: Node[];
  readonly producers: (Node | null)[];
}

/** Reductions computed side by side at most: each needs registers for what it has reached. */
const mostReductions = 3;

/**
 * Puts values into one kernel that are computed from the same memory, one pass over it instead of several: new state
 * values where one reads another, or they read the same values of their size or more, as an optimizer's new parameter and new
 * momentum do, and the gates of a recurrence's step; and reductions of the same extents over the same larger value, as a largest and its position are.
 */
function joinOutputs(graph: Graph, stored: ReadonlySet<Node>, producers: ReadonlyMap<Node, Node>, apart: ReadonlySet<Node>): Group[] {
  const replacing = new Set(graph.updates.map(({ value }) => value));
  const groupOf = new Map<Node, OpenGroup>();
  const reach = new Reach(stored);
  const groups: OpenGroup[] = [];
  /** The taps of each scan, which are one kernel. */
  const tapped = new Map<Node, OpenGroup>();
  /** Groups that already read a value, for those that replace state or reduce. */
  const reading = new Map<Node, OpenGroup[]>();
  for (const node of graph.nodes) {
    if (!stored.has(node) || node.op === null || isAlias(node, graph, stored)) continue;
    const producer = producers.get(node) ?? null;
    const direct = storedInputs(node, stored);
    reach.enter(node, direct);
    if (apart.has(node)) continue;
    const reducer = isReduction(producer ?? node) ? (producer ?? node) : null;
    const updates = producer === null && replacing.has(node) && isMap(node);
    const shared = [...direct].filter(({ tensor: { size } }) => (reducer === null ? size >= node.tensor.size : size > node.tensor.size));
    const [scan] = node.op.kind === "tap" ? node.parents : [];
    const home =
      scan !== undefined
        ? tapped.get(scan)
        : updates || reducer !== null
          ? [...(updates ? direct : [])]
              .flatMap((input) => groupOf.get(input) ?? [])
              .concat(shared.flatMap((input) => reading.get(input) ?? []))
              .find((candidate) =>
                reducer === null ? canJoin(candidate, node, direct, reach) : canReduceBeside(candidate, node, reducer, reach),
              )
          : undefined;
    if (home === undefined) {
      const own = { stores: [node], producers: [producer] };
      groups.push(own);
      groupOf.set(node, own);
      if (scan !== undefined) tapped.set(scan, own);
    } else {
      home.stores.push(node);
      home.producers.push(producer);
      groupOf.set(node, home);
      reach.unite(home.stores);
    }
    const group = groupOf.get(node);
    if (group !== undefined && (updates || reducer !== null))
      for (const input of shared) reading.set(input, [...(reading.get(input) ?? []), group]);
  }
  return groups;
}

/** Which stored values each stored value needs, directly or not. */
class Reach {
  readonly #numbers: ReadonlyMap<Node, number>;
  readonly #needs = new Map<Node, BitSet>();

  constructor(stored: ReadonlySet<Node>) {
    this.#numbers = new Map([...stored].map((node, i) => [node, i]));
  }

  has(node: Node, needed: Node): boolean {
    const number = this.#numbers.get(needed);
    return number !== undefined && this.#needs.get(node)?.has(number) === true;
  }

  /** Takes in a value that reads `inputs`, all of which were taken in before. */
  enter(node: Node, inputs: ReadonlySet<Node>): void {
    const needs = new BitSet(this.#numbers.size);
    for (const input of inputs) {
      const number = this.#numbers.get(input);
      const further = this.#needs.get(input);
      if (number !== undefined) needs.add(number);
      if (further !== undefined) needs.addAll(further);
    }
    this.#needs.set(node, needs);
  }

  /** Makes one kernel of values: what one of them needs, the whole kernel waits for, and so does what waits for the kernel. */
  unite(stores: readonly Node[]): void {
    const all = new BitSet(this.#numbers.size);
    const numbers = stores.flatMap((store) => this.#numbers.get(store) ?? []);
    for (const store of stores) {
      const needs = this.#needs.get(store);
      if (needs !== undefined) all.addAll(needs);
    }
    for (const number of numbers) all.delete(number);
    for (const [other, needs] of this.#needs) if (stores.includes(other) || numbers.some((number) => needs.has(number))) needs.addAll(all);
  }
}

function isMap({ op }: Node): boolean {
  return op?.kind === "loop" && op.access !== "reduce";
}

function isReduction({ op }: Node): boolean {
  return op?.kind === "loop" && op.access === "reduce";
}

/** Whether a kernel can also store `node`: the same size, and nothing `node` needs comes after that kernel. */
function canJoin({ stores, producers }: OpenGroup, node: Node, direct: ReadonlySet<Node>, reach: Reach): boolean {
  if (producers.some((producer) => producer !== null)) return false;
  if (!stores.every((store) => isMap(store) && store.tensor.size === node.tensor.size)) return false;
  return [...direct].every((other) => stores.includes(other) || !stores.some((store) => reach.has(other, store)));
}

/** Whether a kernel of reductions can also compute `node` from another of the same extents, and `node` needs nothing of that kernel. */
function canReduceBeside({ stores, producers }: OpenGroup, node: Node, reducer: Node, reach: Reach): boolean {
  if (stores.length === mostReductions || stores.some((store) => store.tensor.size !== node.tensor.size || reach.has(node, store)))
    return false;
  return stores.every((store, i) => {
    const other = producers[i] ?? store;
    if (!isReduction(other) || extentsOf(other) !== extentsOf(reducer)) return false;
    const [one, another] = [combineOf(other), combineOf(reducer)];
    if (finds(one) === finds(another)) return true;
    // What looks for a position is another loop, unless its largest is what the other wants.
    return `arg${one}` === another || one === `arg${another}` ? other.parents[0] === reducer.parents[0] : false;
  });
}

function extentsOf(reducer: Node): string {
  return reduceExtents(reducer)
    .filter((extent) => extent !== 1)
    .join();
}

function finds(combine: Combine): boolean {
  return combine === "argmax" || combine === "argmin";
}

/** Whether a stored view needs no kernel: its base's buffer will do, unless its value replaces a state cell's or is a bound buffer leaving the step. */
export function isAlias(node: Node, graph: Graph, stored: ReadonlySet<Node>): boolean {
  const holder = bufferNode(node, stored);
  if (holder === node || graph.updates.some(({ value }) => value === node)) return false;
  return holder.op !== null || !graph.outputs.includes(node);
}

/** Stored nodes a node reads, through whatever is inlined on the way. */
export function storedInputs(node: Node, stored: ReadonlySet<Node>): Set<Node> {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (current: Node): void => {
    for (const parent of current.parents) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      if (stored.has(parent)) {
        found.add(bufferNode(parent, stored));
      } else visit(parent);
    }
  };
  visit(node);
  return found;
}
