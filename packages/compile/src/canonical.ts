import { type GraphOp, opOf, recordedAs, type State, type Tensor, topological } from "@gradus/tensor";
import { isTransposition } from "./alone.ts";
import { betweenCasts } from "./halves.ts";
import type { PlanWishes } from "./plan.ts";
import type { Program } from "./program.ts";
import { unboundScans } from "./scan.ts";

/** A tensor of the program after equal computations have become one. */
export interface Node {
  /** Its position in the graph's nodes. */
  readonly id: number;
  readonly tensor: Tensor;
  readonly op: GraphOp | null;
  readonly parents: readonly Node[];
  /** Distinct nodes that read this one. */
  readonly readers: Node[];
}

/** The program as a graph without repetition. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly outputs: readonly Node[];
  readonly updates: readonly { readonly state: State; readonly old: Node; readonly value: Node }[];
  readonly leaves: readonly Node[];
  readonly nodeOf: ReadonlyMap<Tensor, Node>;
}

/**
 * Merges calls of the same op on the same inputs with the same attributes. Where kernels take no halves, library calls on float16
 * become calls on float32 between casts; where rows cannot be bound, recurrences become their steps one by one.
 */
export function canonicalise(
  { order, outputs, updates, leaves }: Program,
  { takesHalves, rowAlignment }: Pick<PlanWishes, "takesHalves" | "rowAlignment">,
): Graph {
  const known = new Map<string, Node>();
  const nodeOf = new Map<Tensor, Node>();
  const nodes: Node[] = [];
  const find = (tensor: Tensor): Node => {
    const node = nodeOf.get(tensor);
    if (node === undefined) throw new RangeError("a tensor was used before it was made");
    return node;
  };
  const enter = (tensor: Tensor): Node => {
    const op = opOf(tensor);
    const { source } = tensor;
    const parents = source.kind === "op" ? source.parents.map(find) : [];
    const key = op === null || source.kind !== "op" ? null : `${op.id}|${source.attrsId}|${slotKey(source.x, (tensor) => find(tensor).id)}`;
    let node = key === null ? undefined : known.get(key);
    if (node === undefined) {
      node = { id: nodes.length, tensor, op, parents, readers: [] };
      nodes.push(node);
      for (const parent of new Set(parents)) parent.readers.push(node);
      if (key !== null) known.set(key, node);
    }
    nodeOf.set(tensor, node);
    return node;
  };
  const apartFrom = unboundScans(order, rowAlignment);
  const take = (recorded: Tensor): void => {
    const op = opOf(recorded);
    if (op?.kind === "tap") {
      const { scan } = op.tapped(recorded);
      const instead = apartFrom.has(scan) ? stepsOf(scan)(recorded) : op.inHistory(recorded);
      if (instead !== null) {
        for (const tensor of topological([instead])) if (!nodeOf.has(tensor)) take(tensor);
        return void nodeOf.set(recorded, find(instead));
      }
    } else if (op?.kind === "scan") {
      if (apartFrom.has(recorded)) return;
      enter(recorded);
      // A state is carried in its history, whoever else reads that.
      op.recurrence(recorded).init.forEach((_, state) => enter(op.history(recorded, state)));
      return;
    }
    const tensor = readInPlace(recorded, find);
    const apart = betweenCasts(tensor, takesHalves);
    for (const widened of apart?.widened ?? []) enter(widened);
    if (apart !== null) enter(apart.call);
    nodeOf.set(recorded, enter(apart?.rounded ?? tensor));
  };
  const stepByStep = new Map<Tensor, (tap: Tensor) => Tensor>();
  const stepsOf = (scan: Tensor): ((tap: Tensor) => Tensor) => {
    const op = opOf(scan);
    const known = stepByStep.get(scan) ?? (op?.kind === "scan" ? op.unrolled(scan) : null);
    if (known === null) throw new RangeError(`${String(scan)} is no scan`);
    stepByStep.set(scan, known);
    return known;
  };
  order.forEach(take);
  return {
    nodes,
    nodeOf,
    outputs: outputs.map(find),
    updates: updates.map(({ state, old, value }) => ({ state, old: find(old), value: find(value) })),
    leaves: leaves.map(find),
  };
}

/** A library call whose kernels read a transposed input where it lies, so that it need not be copied first. */
function readInPlace(recorded: Tensor, find: (tensor: Tensor) => Node): Tensor {
  const { source } = recorded;
  const op = opOf(recorded);
  if (source.kind !== "op" || op?.kind !== "library" || op.transposes === undefined) return recorded;
  const inputs: Record<string, Tensor> = {};
  const attrs: Record<string, unknown> = {};
  for (const [slot, attr] of Object.entries(op.transposes)) {
    const input = source.x[slot];
    if (attr === undefined || input === null || input === undefined || isList(input)) continue;
    const node = find(input);
    const [parent] = node.parents;
    if (parent === undefined || !isTransposition(node)) continue;
    inputs[slot] = parent.tensor;
    attrs[attr] = source.attrs[attr] !== true;
  }
  return Object.keys(inputs).length === 0 ? recorded : recordedAs(recorded, inputs, attrs);
}

function slotKey(x: Readonly<Record<string, Tensor | readonly Tensor[] | null>>, id: (tensor: Tensor) => number): string {
  return Object.values(x)
    .map((slot) => (slot === null ? "" : isList(slot) ? slot.map(id).join() : String(id(slot))))
    .join(";");
}

function isList(slot: Tensor | readonly Tensor[]): slot is readonly Tensor[] {
  return Array.isArray(slot);
}
