import { isFloat } from "../../dtype.ts";
import { propagate } from "../../grad.ts";
import { parentsOf, topological } from "../../graph.ts";
import { opOf, recorded, totalOfSteps, withInputs } from "../../op/apply.ts";
import { type Attr, bool, integer } from "../../op/attr.ts";
import { defineScan, defineTap } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sum.ts";
import { zeros } from "../source/full.ts";
import { stack } from "../view/concat.ts";
import { broadcastTo } from "../view/expand.ts";
import { narrow, select } from "../view/slice.ts";
import { type Body, type Outside, standIn, traceBody } from "./body.ts";

/**
 * A body is told apart by what it computes. Each call keeps its own, with what gradients look at.
 */
const bodyAttr: Attr<Body> = {
  describe: "a body",
  accepts: (value): value is Body => typeof value === "object" && value !== null && "computed" in value,
  key: ({ key }) => key,
};

const scanOp = defineScan<Tensor>({
  name: "scan",
  inputs: { init: "many", rows: "many", captured: "many" },
  attrs: { body: bodyAttr, count: integer, reverse: bool },
  vjp: walkedBack,
});

/** Value v of a body of s states: for v < s what state v was before each step and after the last, else what `computed[v - s]` was at each. */
const tapOp = defineTap({ name: "tap", inputs: { scan: "one" }, attrs: { value: integer } });

/**
 * A recorded recurrence.
 *
 * @internal
 */
export interface Recurrence {
  readonly body: Body;
  readonly count: number;
  /** Whether the last row comes first. What is read along the steps is in the order of the rows either way. */
  readonly reverse: boolean;
  readonly init: readonly Tensor[];
  /** Of [count, ...] each. */
  readonly rows: readonly Tensor[];
  readonly captured: readonly Tensor[];
}

/**
 * Records a recurrence: a tensor without a value, whose steps are read with `alongSteps` and `finalState`.
 *
 * @internal
 */
export function recordScan({ body, count, reverse, init, rows, captured }: Recurrence): Tensor {
  return recorded({ shape: [0], dtype: "bool" }, scanOp, { init, rows, captured }, { body, count, reverse });
}

/**
 * The recurrence a scan's tensor stands for.
 *
 * @internal
 */
export function recurrenceOf(scan: Tensor): Recurrence {
  const { source } = scan;
  if (source.kind !== "op" || source.op !== scanOp) throw new RangeError(`${scan} is no scan`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `recordScan` alone records this op
  return { ...source.x, ...source.attrs } as unknown as Recurrence;
}

/**
 * Which value of which scan a tap reads.
 *
 * @internal
 */
export function tappedBy(tap: Tensor): { readonly scan: Tensor; readonly value: number } {
  const { source } = tap;
  const [scan] = source.kind === "op" && source.op === tapOp ? source.parents : [];
  if (source.kind !== "op" || scan === undefined) throw new RangeError(`${tap} is no tap`);
  return { scan, value: Number(source.attrs["value"]) };
}

/**
 * What a state was, [count + 1, ...]: before each step and after the last, in the order of the rows.
 *
 * @internal
 */
export function historyOf(scan: Tensor, state: number): Tensor {
  const { init, count } = recurrenceOf(scan);
  const { shape = [], dtype = "float32" } = init[state] ?? {};
  return recorded({ shape: [count + 1, ...shape], dtype }, tapOp, { scan }, { value: state });
}

/**
 * What a state is after the last step.
 *
 * @internal
 */
export function finalState(scan: Tensor, state: number): Tensor {
  const { count, reverse } = recurrenceOf(scan);
  return select(historyOf(scan, state), 0, reverse ? 0 : count);
}

/**
 * What a tensor of the body is at each step, [count, ...] in the order of the rows.
 *
 * @internal
 */
export function alongSteps(scan: Tensor, value: Tensor): Tensor {
  const { body, count, reverse, rows, captured } = recurrenceOf(scan);
  const history = (state: number, after: boolean): Tensor => narrow(historyOf(scan, state), 0, after === reverse ? 0 : 1, count);
  const before = body.states.indexOf(value);
  if (before >= 0) return history(before, false);
  const row = rows[body.rows.indexOf(value)];
  if (row !== undefined) return row;
  const same = captured[body.captured.indexOf(value)];
  if (same !== undefined) return broadcastTo(same, [count, ...same.shape]);
  const after = body.next.indexOf(value);
  if (after >= 0) return history(after, true);
  const position = body.computed.indexOf(value);
  if (position < 0) throw new RangeError(`${value} is not of this body`);
  return recorded({ shape: [count, ...value.shape], dtype: value.dtype }, tapOp, { scan }, { value: body.states.length + position });
}

/**
 * The same taps with the steps recorded one after the other: what a scan means, and what stands for it where it cannot be run.
 *
 * @internal
 */
export function unrolled(scan: Tensor): (value: number) => Tensor {
  const { body, count, reverse, init, rows, captured } = recurrenceOf(scan);
  const copies = new Map<Tensor, Tensor>(body.captured.map((tensor, i) => [tensor, captured[i] ?? tensor]));
  const inside = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  let states = init;
  const histories = init.map((state) => [state]);
  const values: Tensor[][] = body.computed.map(() => []);
  for (let made = 0; made < count; made++) {
    body.states.forEach((tensor, i) => copies.set(tensor, states[i] ?? tensor));
    body.rows.forEach((tensor, i) => copies.set(tensor, select(rows[i] ?? tensor, 0, reverse ? count - 1 - made : made)));
    body.computed.forEach((tensor, i) => {
      const copy = withInputs(tensor, inside);
      copies.set(tensor, copy);
      values[i]?.push(copy);
    });
    states = body.next.map(inside);
    states.forEach((state, i) => histories[i]?.push(state));
  }
  return (value) => {
    const list = [...histories, ...values][value] ?? [];
    return stack(reverse ? list.toReversed() : list);
  };
}

/**
 * The same tensors with every scan unrolled: what they mean, for who knows no scans.
 *
 * @internal
 */
export function withoutScans(roots: readonly Tensor[]): Tensor[] {
  const copies = new Map<Tensor, Tensor>();
  const copyOf = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  const steps = new Map<Tensor, (value: number) => Tensor>();
  for (const tensor of topological(roots)) {
    const op = opOf(tensor);
    if (op?.kind === "tap") {
      const { scan, value } = tappedBy(tensor);
      const [inner = tensor] = withoutScans([steps.get(scan)?.(value) ?? tensor]);
      copies.set(tensor, inner);
    } else if (op?.kind === "scan") steps.set(tensor, unrolled(withInputs(tensor, copyOf)));
    else if (parentsOf(tensor).some((parent) => copies.has(parent))) copies.set(tensor, withInputs(tensor, copyOf));
  }
  return roots.map(copyOf);
}

/** Walks a recurrence back: a recurrence the other way, whose states are what flows to the states. */
function walkedBack(scan: Tensor, cotangents: readonly (readonly [tap: Tensor, cotangent: Tensor])[]): (readonly [Tensor, Tensor])[] {
  const { body, count, reverse, init, rows, captured } = recurrenceOf(scan);
  const flowing = body.states.flatMap((state, i) => (isFloat(state.dtype) ? [i] : []));
  const carried = flowing.map((i) => standIn(body.states[i] ?? scan));
  const given: { readonly row: Tensor; readonly values: Tensor }[] = [];
  const rowOf = (values: Tensor): Tensor => {
    const row = standIn({ shape: values.shape.slice(1), dtype: values.dtype });
    given.push({ row, values });
    return row;
  };
  const toNext = (state: number): Tensor => body.next[state] ?? scan;
  const seeds = carried.map((ct, i) => [toNext(flowing[i] ?? 0), ct] as const);
  const toInit = new Map<number, Tensor[]>();
  for (const [tap, ct] of cotangents) {
    const { value } = tappedBy(tap);
    const states = body.states.length;
    if (value < states) {
      seeds.push([toNext(value), rowOf(narrow(ct, 0, reverse ? 0 : 1, count))]);
      toInit.set(value, [...(toInit.get(value) ?? []), select(ct, 0, reverse ? count : 0)]);
    } else seeds.push([body.computed[value - states] ?? scan, rowOf(ct)]);
  }
  const leaves = [...body.states, ...body.rows, ...body.captured];
  const pulled = new Map(propagate(seeds, leaves).flatMap((ct, i) => (ct === null ? [] : [[leaves[i] ?? scan, ct] as const])));

  const next = flowing.map((i, at) => pulled.get(body.states[i] ?? scan) ?? zeros(carried[at]?.shape ?? [], { dtype: carried[at]?.dtype ?? "float32" }));
  const changing = new Set([...body.states, ...body.rows, ...body.computed]);
  const outside = (tensor: Tensor): Outside => {
    const value = captured[body.captured.indexOf(tensor)];
    if (value !== undefined) return { kind: "same", value };
    if (changing.has(tensor) && !isReadAgain(tensor)) return { kind: "rows", values: alongSteps(scan, tensor) };
    return tensor.source.kind === "op" ? { kind: "again" } : { kind: "same", value: tensor };
  };
  const traced = traceBody({ states: carried, rows: given.map(({ row }) => row) }, { next, others: [...pulled.values()] }, outside);
  const back = recordScan({
    body: traced.body,
    count,
    reverse: !reverse,
    init: carried.map(({ shape, dtype }) => zeros(shape, { dtype })),
    rows: [...given.map(({ values }) => values), ...traced.rows],
    captured: traced.captured,
  });
  const along = (tensor: Tensor): Tensor => alongSteps(back, traced.inside(tensor));
  const flowed: (readonly [Tensor, Tensor])[] = [];
  flowing.forEach((i, at) => {
    const [first, ...others] = [finalState(back, at), ...(toInit.get(i) ?? [])];
    flowed.push([init[i] ?? scan, others.reduce((total, ct) => add(total, ct), first)]);
  });
  body.rows.forEach((row, i) => {
    const ct = pulled.get(row);
    if (ct !== undefined) flowed.push([rows[i] ?? scan, along(ct)]);
  });
  body.captured.forEach((same, i) => {
    const ct = pulled.get(same);
    if (ct !== undefined) flowed.push([captured[i] ?? scan, totalOfSteps(ct, along) ?? sum(along(ct), { axis: 0 })]);
  });
  return flowed;
}

/** Whether a value of a step is not kept for the way back: another's elements elsewhere, or a recurrence in the step, of which more is wanted there than was. */
function isReadAgain(tensor: Tensor): boolean {
  const op = opOf(tensor);
  return op?.kind === "scan" || (op?.kind === "loop" && op.access === "view" && parentsOf(tensor).length === 1);
}
