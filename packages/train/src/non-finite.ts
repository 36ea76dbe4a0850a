import { isFloat, numbersOf, opOf, parentsOf, type Tensor, topological } from "@gradus/tensor";

/** Where values first stopped being finite. */
export interface NonFinite {
  /** The op that made it from finite inputs; null for data or a parameter that was not finite to begin with. */
  readonly op: string | null;
  /** dtype, shape and, for parameters, the name. */
  readonly tensor: string;
  /** The first such value: NaN, Infinity or -Infinity. */
  readonly value: number;
  /** How many of the tensor's elements are not finite. */
  readonly count: number;
  /** What the op read. */
  readonly inputs: readonly string[];
}

/**
 * Evaluates the graph of `roots` node by node and finds where a value that is not finite came from.
 *
 * Of the nodes that led to a root's NaN or infinity, the first whose inputs were all finite; an infinity that the model goes on
 * to mask away is not blamed. Null if every root is finite. Slow, and the tensors become data: for failures only.
 */
export async function findNonFinite(roots: readonly Tensor[]): Promise<NonFinite | null> {
  const values = roots.map((root) => root.value());
  const order = topological(values);
  // Reading a value lets its graph go, so everything a report needs is written down first.
  const nodes = order.map((tensor) => ({ tensor, op: opOf(tensor)?.name ?? null, parents: parentsOf(tensor), text: describe(tensor) }));
  const wrong = new Map<Tensor, { readonly value: number; readonly count: number }>();
  for (const { tensor, op, parents } of nodes) {
    // A constant that is not finite was written down on purpose, such as the NaN of a label out of range: whoever picks it is to blame.
    const isConstant = op !== null && parents.length === 0;
    const found = isConstant ? null : await firstNonFinite(tensor);
    if (found !== null) wrong.set(tensor, found);
  }
  const guilty = new Set<Tensor>(values.filter((root) => wrong.has(root)));
  for (const { tensor, parents } of nodes.toReversed()) {
    if (guilty.has(tensor)) for (const parent of parents) if (wrong.has(parent)) guilty.add(parent);
  }
  const texts = new Map(nodes.map(({ tensor, text }) => [tensor, text]));
  for (const { tensor, op, parents, text } of nodes) {
    const found = wrong.get(tensor);
    if (found === undefined || !guilty.has(tensor) || parents.some((parent) => wrong.has(parent))) continue;
    return { op, tensor: text, ...found, inputs: parents.map((parent) => texts.get(parent) ?? String(parent)) };
  }
  return null;
}

async function firstNonFinite(tensor: Tensor): Promise<{ readonly value: number; readonly count: number } | null> {
  if (!isFloat(tensor.dtype)) return null;
  const data = numbersOf(tensor.dtype, await tensor.data());
  let first: number | null = null;
  let count = 0;
  for (const value of data) {
    if (Number.isFinite(value)) continue;
    first ??= value;
    count++;
  }
  return first === null ? null : { value: first, count };
}

function describe(tensor: Tensor): string {
  return tensor.source.kind === "state" ? String(tensor.source.state) : String(tensor);
}
