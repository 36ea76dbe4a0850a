import { isFloat } from "../../dtype.ts";
import { propagate } from "../../grad.ts";
import { parentsOf, topological } from "../../graph.ts";
import { opOf, recorded, totalOfSteps, withInputs } from "../../op/apply.ts";
import { type Attr, bool, integer, oneOf } from "../../op/attr.ts";
import { defineScan, defineTap, type Recurrence, type Tap } from "../../op/scan.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sum.ts";
import { zeros } from "../source/full.ts";
import { stack } from "../view/concat.ts";
import { broadcastTo } from "../view/expand.ts";
import { narrow, select } from "../view/slice.ts";
import { type Outside, standIn, traceBody } from "./body.ts";

/**
 * A body is told apart by what it computes. Each call keeps its own, with what gradients look at.
 */
const bodyAttr: Attr<Recurrence["body"]> = {
  describe: "a body",
  accepts: (value): value is Recurrence["body"] => typeof value === "object" && value !== null && "computed" in value,
  key: ({ key }) => key,
};

const scanOp = defineScan({
  name: "scan",
  inputs: { init: "many", rows: "many", captured: "many" },
  attrs: { body: bodyAttr, count: integer, reverse: bool },
  recurrence: recurrenceOf,
  vjp: walkedBack,
  history: historyOf,
  unrolled,
});

const tapOp = defineTap({
  name: "tap",
  inputs: { scan: "one" },
  attrs: { of: oneOf("history", "after", "last", "step"), index: integer },
  tapped,
  inHistory,
});

/**
 * Records a recurrence: a tensor without a value, whose steps are read with `alongSteps` and `finalState`.
 *
 * @internal
 */
export function recordScan({ body, count, reverse, init, rows, captured }: Recurrence): Tensor {
  return recorded({ shape: [0], dtype: "bool" }, scanOp, { init, rows, captured }, { body, count, reverse });
}

/** The recurrence a scan's tensor stands for. */
function recurrenceOf(scan: Tensor): Recurrence {
  const { source } = scan;
  if (source.kind !== "op" || source.op !== scanOp) throw new RangeError(`${scan} is no scan`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `recordScan` alone records this op
  return { ...source.x, ...source.attrs } as unknown as Recurrence;
}

/** What a tap reads. */
function tapped(tap: Tensor): Tap {
  const { source } = tap;
  const [scan] = source.kind === "op" && source.op === tapOp ? source.parents : [];
  if (source.kind !== "op" || scan === undefined) throw new RangeError(`${tap} is no tap`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `recordTap` alone records this op
  return { ...(source.attrs as unknown as Omit<Tap, "scan">), scan };
}

function recordTap(scan: Tensor, of: Tap["of"], index: number): Tensor {
  const { body, init, count } = recurrenceOf(scan);
  const { shape = [], dtype = "float32" } = (of === "step" ? body.computed : init)[index] ?? {};
  const rows = { history: [count + 1], after: [count], last: [], step: [count] }[of];
  return recorded({ shape: [...rows, ...shape], dtype }, tapOp, { scan }, { of, index });
}

/** What a state was, [count + 1, ...]: before each step and after the last, in the order of the rows. */
function historyOf(scan: Tensor, state: number): Tensor {
  return recordTap(scan, "history", state);
}

/** A tap as part of its state's history; null for one of what a step computed, and a history itself. */
function inHistory(tap: Tensor): Tensor | null {
  const { scan, of, index } = tapped(tap);
  const { count, reverse } = recurrenceOf(scan);
  if (of === "last") return select(historyOf(scan, index), 0, reverse ? 0 : count);
  return of === "after" ? narrow(historyOf(scan, index), 0, reverse ? 0 : 1, count) : null;
}

/**
 * What a state is after the last step.
 *
 * @internal
 */
export function finalState(scan: Tensor, state: number): Tensor {
  return recordTap(scan, "last", state);
}

/**
 * What a tensor of the body is at each step, [count, ...] in the order of the rows.
 *
 * @internal
 */
export function alongSteps(scan: Tensor, value: Tensor): Tensor {
  const { body, count, reverse, rows, captured } = recurrenceOf(scan);
  const before = body.states.indexOf(value);
  if (before >= 0) return narrow(historyOf(scan, before), 0, reverse ? 1 : 0, count);
  const row = rows[body.rows.indexOf(value)];
  if (row !== undefined) return row;
  const same = captured[body.captured.indexOf(value)];
  if (same !== undefined) return broadcastTo(same, [count, ...same.shape]);
  const after = body.next.indexOf(value);
  if (after >= 0) return recordTap(scan, "after", after);
  const computed = body.computed.indexOf(value);
  if (computed < 0) throw new RangeError(`${value} is not of this body`);
  return recordTap(scan, "step", computed);
}

/** The same taps with the steps recorded one after the other: what a scan means, and what stands for it where it cannot be run. */
function unrolled(scan: Tensor): (tap: Tensor) => Tensor {
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
  return (tap) => {
    const { of, index } = tapped(tap);
    if (of === "last") return states[index] ?? tap;
    const history = histories[index] ?? [];
    const list = { history, after: history.slice(1), step: values[index] ?? [] }[of];
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
  const steps = new Map<Tensor, (tap: Tensor) => Tensor>();
  for (const tensor of topological(roots)) {
    const op = opOf(tensor);
    if (op?.kind === "tap") {
      const value = steps.get(tapped(tensor).scan)?.(tensor);
      const [inner] = value === undefined ? [] : withoutScans([value]);
      if (inner === undefined) throw new RangeError(`${tensor} reads a scan that comes after it`);
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
  const [toFirst, toLast] = [new Map<number, Tensor>(), new Map<number, Tensor>()];
  const receive = (into: Map<number, Tensor>, state: number, ct: Tensor): void => {
    const before = into.get(state);
    into.set(state, before === undefined ? ct : add(before, ct));
  };
  for (const [tap, ct] of cotangents) {
    const { of, index } = tapped(tap);
    switch (of) {
      case "history":
        seeds.push([toNext(index), rowOf(narrow(ct, 0, reverse ? 0 : 1, count))]);
        receive(toFirst, index, select(ct, 0, reverse ? count : 0));
        break;
      case "after":
        seeds.push([toNext(index), rowOf(ct)]);
        break;
      case "last":
        receive(toLast, index, ct);
        break;
      case "step":
        seeds.push([body.computed[index] ?? scan, rowOf(ct)]);
        break;
    }
  }
  const leaves = [...body.states, ...body.rows, ...body.captured];
  const pulled = new Map(propagate(seeds, leaves).flatMap((ct, i) => (ct === null ? [] : [[leaves[i] ?? scan, ct] as const])));

  const next = flowing.map(
    (i, at) => pulled.get(body.states[i] ?? scan) ?? zeros(carried[at]?.shape ?? [], { dtype: carried[at]?.dtype ?? "float32" }),
  );
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
    init: carried.map(({ shape, dtype }, at) => toLast.get(flowing[at] ?? -1) ?? zeros(shape, { dtype })),
    rows: [...given.map(({ values }) => values), ...traced.rows],
    captured: traced.captured,
  });
  const along = (tensor: Tensor): Tensor => alongSteps(back, traced.inside(tensor));
  const flowed: (readonly [Tensor, Tensor])[] = [];
  flowing.forEach((i, at) => {
    receive(toFirst, i, finalState(back, at));
    flowed.push([init[i] ?? scan, toFirst.get(i) ?? scan]);
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
