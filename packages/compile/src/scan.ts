import { opOf, type Recurrence, State, type Tap, type Tensor } from "@gradus/tensor";
import { runOf, sharesBuffer } from "./alone.ts";
import type { Graph, Node } from "./canonical.ts";
import { bufferNode } from "./group.ts";
import { bytesOf, type Plan } from "./plan.ts";
import { type Program, readProgram } from "./program.ts";

/** A recurrence lowered: the plan of one step, and where each of the buffers it binds lies. */
export interface LoweredScan {
  readonly body: Plan;
  readonly count: number;
  /** In run k, the elements of `node` from `first + k * step` on. */
  readonly rows: readonly { readonly node: Node; readonly first: number; readonly step: number }[];
  /** What its rows are read from, and its first states. */
  readonly reads: readonly Node[];
}

function recurrenceOf(scan: Tensor): Recurrence {
  const op = opOf(scan);
  if (op?.kind !== "scan") throw new RangeError(`${String(scan)} is no scan`);
  return op.recurrence(scan);
}

function tapped(tap: Tensor): Tap {
  const op = opOf(tap);
  if (op?.kind !== "tap") throw new RangeError(`${String(tap)} is no tap`);
  return op.tapped(tap);
}

/** Recurrences whose rows cannot be bound: some do not begin at multiples of so many bytes, or hold nothing. */
export function unboundScans(order: readonly Tensor[], alignment: number): ReadonlySet<Tensor> {
  const unbound = new Set<Tensor>();
  for (const tensor of order) {
    const kind = opOf(tensor)?.kind;
    if (kind === "scan") {
      const { body } = recurrenceOf(tensor);
      if (![...body.states, ...body.rows].every((row) => fits(row, alignment))) unbound.add(tensor);
    } else if (kind === "tap") {
      const { scan, of, index } = tapped(tensor);
      const row = of === "step" ? recurrenceOf(scan).body.computed[index] : undefined;
      if (row !== undefined && !fits(row, alignment)) unbound.add(scan);
    }
  }
  return unbound;
}

function fits(row: Tensor, alignment: number): boolean {
  return row.size > 0 && bytesOf(row) % alignment === 0;
}

/** What a scan reads where it lies, of its rows and what is the same at every step; its first states are pieces of their histories. */
export function scanInputs({ tensor, parents }: Node): readonly Node[] {
  const states = recurrenceOf(tensor).init.length;
  return parents.map((parent, i) => (i < states ? parent : lies(parent).base));
}

/** What each recurrence begins with, and the place of that in its state's history. */
export function initialStates({ nodes }: Graph): readonly { readonly init: Node; readonly history: Node; readonly first: number }[] {
  return nodes.flatMap((history) => {
    const [scan] = history.parents;
    if (history.op?.kind !== "tap" || scan === undefined) return [];
    const { count, reverse } = recurrenceOf(scan.tensor);
    const { of, index } = tapped(history.tensor);
    const init = of === "history" ? scan.parents[index] : undefined;
    return init === undefined ? [] : [{ init, history, first: reverse ? count * init.tensor.size : 0 }];
  });
}

/** Lowers a scan with all of its taps. `build` plans one step. */
export function lowerScan(
  taps: readonly Node[],
  stored: ReadonlySet<Node>,
  initial: ReadonlyMap<Node, Node>,
  build: (program: Program) => Plan,
): LoweredScan {
  const [scan] = taps[0]?.parents ?? [];
  if (scan === undefined) throw new RangeError("a scan without taps has no kernel");
  const { body, count, reverse, init, rows } = recurrenceOf(scan.tensor);
  const places = new Map<Tensor, LoweredScan["rows"][number]>();
  /** Row by row in the order of the steps, from row `first` on. */
  const bindRows = (tensor: Tensor, { node, first }: Lying, row: number): void => {
    places.set(tensor, { node, first: first + row * tensor.size, step: reverse ? -tensor.size : tensor.size });
  };
  const inputs = scan.parents.map((parent) => lying(parent, stored));
  body.rows.forEach((row, i) => bindRows(row, at(inputs, init.length + i), reverse ? count - 1 : 0));
  body.captured.forEach((same, i) => places.set(same, { ...at(inputs, init.length + rows.length + i), step: 0 }));
  const updates = taps.map((node) => {
    const { of, index } = tapped(node.tensor);
    const state = of === "history" ? body.states[index] : undefined;
    const made = (state === undefined ? body.computed : body.next)[index];
    if (made === undefined) throw new RangeError(`${String(scan.tensor)} computes no value ${index}`);
    const cell = new State(made, opOf(made)?.name ?? "row");
    if (state !== undefined) bindRows(state, { node, first: 0 }, reverse ? count : 0);
    bindRows(cell.leaf(), { node, first: 0 }, reverse ? count - 1 : state === undefined ? 0 : 1);
    return { state: cell, value: made };
  });
  const program = readProgram([], updates);
  const bound = program.leaves.map((leaf) => {
    const place = places.get(leaf);
    if (place === undefined) throw new RangeError(`a step of a scan reads ${String(leaf)}, which it was not given`);
    return place;
  });
  const made = new Set(taps);
  const read = bound.map(({ node }) => node).filter((node) => !made.has(node));
  return { body: build(program), count, rows: bound, reads: [...new Set([...read, ...taps.flatMap((tap) => initial.get(tap) ?? [])])] };
}

interface Lying {
  readonly node: Node;
  /** The element of `node` that is the value's first. */
  readonly first: number;
}

/** The buffer a scan reads a value from, and where in it. */
function lying(value: Node, stored: ReadonlySet<Node>): Lying {
  const { base, first } = lies(value);
  return { node: bufferNode(base, stored), first };
}

/** What a value is elements of, one after the other: what it is a reshape of, or a run of where that has memory in any case. */
function lies(value: Node): { readonly base: Node; readonly first: number } {
  let [node, first, whole] = [value, 0, true];
  let found = { base: value, first };
  for (let [parent] = node.parents; parent !== undefined && node.op?.kind === "loop"; [parent] = node.parents) {
    const run = sharesBuffer(node, parent) ? 0 : runOf(node);
    if (run === null) break;
    whole &&= sharesBuffer(node, parent);
    [node, first] = [parent, first + run];
    if (whole || node.op === null || node.op.kind === "tap") found = { base: node, first };
  }
  return found;
}

function at(list: readonly Lying[], index: number): Lying {
  const found = list[index];
  if (found === undefined) throw new RangeError("a scan has fewer inputs than its body");
  return found;
}
