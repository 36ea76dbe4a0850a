import { ArgumentError, ShapeError } from "../../errors.ts";
import { dependents, topological } from "../../graph.ts";
import { mapTensors } from "../../nested.ts";
import { sameShape } from "../../shape.ts";
import { pendingStates } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import { arange } from "../source/creation.ts";
import { standIn, traceBody } from "./body.ts";
import { expand } from "../view/expand.ts";
import { select } from "../view/slice.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { alongSteps, finalState, recordScan } from "./recurrence.ts";

/** One step of a recurrence: the state after it, and what it gives. `index` is the row's number, int32[]. */
export type ScanStep<S, X, Y> = (state: S, x: X, index: Tensor) => readonly [state: S, y: Y];

export interface ScanOptions {
  /** From the last row to the first; `ys` stays in the order of `xs`. False when left out. */
  readonly reverse?: boolean;
}

export interface Scanned<S, Y> {
  /** After the last step. */
  readonly state: S;
  /** What the steps gave, along a new first axis. */
  readonly ys: Y;
}

/** A row's number stands in a row of this many, for devices that bind memory only at such distances. */
const numberRow = 64;

/**
 * Carries a state along the first axis of `xs`: (state, ys[t]) = step(state, xs[t]) for one t after the other.
 *
 * `step` is called once, to record what a step computes; the plan runs that for every row. So a step may read any tensor from
 * around it, branches on tensors' values are written with `where`, and random numbers drawn in it are the same at every step.
 * Gradients are a scan the other way. State, rows and results may be tensors, or lists and records of them.
 *
 * Shapes: each of `xs` [n, ...], each x [...]; a `y` of [...k] gives `ys` [n, ...k]; a state keeps its shapes and dtypes.
 *
 * Example, running sums: `scan((total, x) => { const next = add(total, x); return [next, next]; }, zeros([3]), xs).ys`.
 *
 * @throws ShapeError if there is no row, `xs` differ in their number, or a step changes the state's form, shapes or dtypes.
 * @throws ArgumentError if a step assigns a state cell a value of its own.
 */
export function scan<S, X, Y>(step: ScanStep<S, X, Y>, init: S, xs: X, { reverse = false }: ScanOptions = {}): Scanned<S, Y> {
  const rows = tensorsOf(xs);
  const count = countOf(rows);
  const starts = tensorsOf(init);
  const states = new Map([...starts].map(([path, start]) => [path, standIn(start)]));
  const each = new Map([...rows].map(([path, { shape, dtype }]) => [path, standIn({ shape: shape.slice(1), dtype })]));
  const numbered = standIn({ shape: [numberRow], dtype: "int32" });
  const index = select(numbered, 0, 0);
  const [after, y] = step(replaced(init, states), replaced(xs, each), index);
  const next = tensorsOf(after);
  requireSameState(starts, next);
  const given = tensorsOf(y);
  const results = { next: [...starts.keys()].flatMap((path) => next.get(path) ?? []), others: [...given.values()] };
  const recorded = new Set(topological([...results.next, ...results.others]));
  requireNoAssignment([...states.values(), ...each.values(), numbered]);
  const numbers = recorded.has(numbered) ? [expand(unsqueeze(arange(count), 1), [count, numberRow])] : [];
  const traced = traceBody({ states: [...states.values()], rows: [...each.values(), ...numbers.map(() => numbered)] }, results);
  const made = recordScan({
    body: traced.body,
    count,
    reverse,
    init: [...starts.values()],
    rows: [...rows.values(), ...numbers],
    captured: traced.captured,
  });
  const ends = new Map([...starts.keys()].map((path, i) => [path, finalState(made, i)]));
  const ys = new Map([...given].map(([path, value]) => [path, alongSteps(made, traced.inside(value))]));
  return { state: replaced(init, ends), ys: replaced(y, ys) };
}

/** The tensors of a structure by where they are, with what cells hold at this moment. */
function tensorsOf(value: unknown): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  mapTensors(value, (tensor, path) => found.set(path, tensor.value()));
  return found;
}

/** The same structure with other tensors. */
function replaced<T>(value: T, tensors: ReadonlyMap<string, Tensor>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- tensors take the places of tensors
  return mapTensors(value, (tensor, path) => tensors.get(path) ?? tensor) as T;
}

function countOf(rows: ReadonlyMap<string, Tensor>): number {
  const counts = new Set([...rows.values()].map(({ shape }) => shape[0] ?? 0));
  const [count = 0] = counts;
  const facts = Object.fromEntries([...rows].map(([path, tensor]) => [`xs${path}`, String(tensor)]));
  if (count === 0) {
    throw new ShapeError("shape/scan-empty", "there is no step to make along the first axis", {
      subject: "scan",
      facts,
      hint: "without a step, the shape of what it gives is not known",
    });
  }
  if (counts.size === 1) return count;
  throw new ShapeError("shape/scan-rows", "the sequences differ in how many rows they have", { subject: "scan", facts });
}

function requireSameState(before: ReadonlyMap<string, Tensor>, after: ReadonlyMap<string, Tensor>): void {
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(path), after.get(path)];
    if (from !== undefined && to !== undefined && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new ShapeError("shape/scan-state", `a step turns state${path} into something else`, {
      subject: "scan",
      facts: { before: String(from ?? "nothing"), after: String(to ?? "nothing") },
      hint: "what is carried from step to step keeps its form, its shapes and its dtypes",
    });
  }
}

/** A cell is assigned once a run, and not at every step of it. */
function requireNoAssignment(standIns: readonly Tensor[]): void {
  for (const state of pendingStates) {
    if (state.pending === null || !dependents([state.pending], standIns).has(state.pending)) continue;
    state.discard();
    throw new ArgumentError("argument/scan-assign", `a step assigns ${state.label}, which is assigned once and not at every step`, {
      subject: "scan",
      hint: "carry the value in the state, and assign it what the scan ends with",
    });
  }
}
