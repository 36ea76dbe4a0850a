import { dependents } from "../../graph.ts";
import { withInputs } from "../../op/apply.ts";
import type { Aval } from "../../op/define.ts";
import type { Body } from "../../op/scan.ts";
import { Tensor } from "../../tensor.ts";

/**
 * What a step reads that is not computed from its stand-ins.
 *
 * @internal
 */
export type Outside =
  /** The same at every step. */
  | { readonly kind: "same"; readonly value: Tensor }
  /** Another at each: rows of `values`. */
  | { readonly kind: "rows"; readonly values: Tensor }
  /** Computed again from its own inputs, inside. */
  | { readonly kind: "again" };

/**
 * A recorded step as a body, and what its stand-ins stand for besides those it was recorded with.
 *
 * @internal
 */
export interface Traced {
  readonly body: Body;
  readonly captured: readonly Tensor[];
  /** The sequences of the rows that came in from outside, behind the step's own. */
  readonly rows: readonly Tensor[];
  /** A recorded tensor as the body has it. */
  inside(recorded: Tensor): Tensor;
}

/**
 * A tensor that stands for what a step will be given.
 *
 * @internal
 */
export function standIn({ shape, dtype }: Aval): Tensor {
  return new Tensor({ shape, dtype }, { kind: "argument", position: 0 });
}

/**
 * Makes a body of what a step recorded over its stand-ins. `outside` says what to do with whatever else it read: by default
 * that is the same at every step.
 *
 * @internal
 */
export function traceBody(
  { states, rows }: Pick<Body, "states" | "rows">,
  { next, others }: { readonly next: readonly Tensor[]; readonly others: readonly Tensor[] },
  outside: (tensor: Tensor) => Outside = (value) => ({ kind: "same", value }),
): Traced {
  const copies = new Map<Tensor, Tensor>();
  const computed: Tensor[] = [];
  const captured = new Map<Tensor, Tensor>();
  const joined = new Map<Tensor, Tensor>();
  const leaf = (tensor: Tensor): Tensor => {
    const copy = new Tensor(tensor, { kind: "kept" });
    copies.set(tensor, copy);
    return copy;
  };
  const compute = (tensor: Tensor): Tensor => {
    const copy = withInputs(tensor, inside);
    copies.set(tensor, copy);
    computed.push(copy);
    return copy;
  };
  const inside = (tensor: Tensor): Tensor => {
    const known = copies.get(tensor);
    if (known !== undefined) return known;
    const found = outside(tensor);
    if (found.kind === "again") return compute(tensor);
    const copy = leaf(tensor);
    if (found.kind === "same") captured.set(copy, found.value);
    else joined.set(copy, found.values);
    return copy;
  };
  const own = { states: states.map(leaf), rows: rows.map(leaf) };
  const results = [...next, ...others];
  for (const tensor of dependents(results, [...states, ...rows])) if (!copies.has(tensor)) compute(tensor);
  results.forEach(inside);
  const body = {
    states: own.states,
    rows: [...own.rows, ...joined.keys()],
    captured: [...captured.keys()],
    next: next.map(inside),
    computed,
  };
  return { body: { ...body, key: keyOf(body) }, captured: [...captured.values()], rows: [...joined.values()], inside };
}

/** The body's structure in words: its stand-ins' shapes, then each call with its op, attributes and where its inputs come from. */
function keyOf({ states, rows, captured, next, computed }: Omit<Body, "key">): string {
  const given = [...states, ...rows, ...captured];
  const numbers = new Map([...given, ...computed].map((tensor, number) => [tensor, number]));
  const numberOf = (tensor: Tensor): number => numbers.get(tensor) ?? -1;
  const calls = computed.map(({ source }) => {
    if (source.kind !== "op") return "";
    const inputs = source.op.slots.map((slot) => [source.x[slot] ?? []].flat().map(numberOf).join());
    return `${source.op.id}.${source.attrsId}(${inputs.join(";")})`;
  });
  return [states.length, rows.length, given.join(), calls.join(), next.map(numberOf).join()].join("|");
}
