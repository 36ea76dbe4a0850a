import type { DType } from "../dtype.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import { checkAttrs, type Values } from "./attr.ts";
import type { AnyAttrs, AnyOp, Aval, Fail, Fill, Inputs, LibraryOp, LoopOp, Problem, RoutineOp } from "./define.ts";
import type { ScanOp, TapOp } from "./scan.ts";

type Op<N extends string, I extends Inputs, A extends AnyAttrs> =
  | LoopOp<N, I, A, Tensor>
  | LibraryOp<N, I, A, Tensor>
  | RoutineOp<N, I, A, Tensor>;

/** An op with its static types forgotten. This file and nobody else turns one into the other. */
export type ErasedOp = Op<string, Inputs, AnyAttrs>;
/** Any op of a graph: those that `apply` records, and what recurrences are recorded as. */
export type GraphOp = ErasedOp | ScanOp | TapOp;
export type ErasedLoopOp = LoopOp<string, Inputs, AnyAttrs, Tensor>;
export type ErasedLibraryOp = LibraryOp<string, Inputs, AnyAttrs, Tensor>;
export type ErasedRoutineOp = RoutineOp<string, Inputs, AnyAttrs, Tensor>;

/**
 * Records a call in the graph. Attributes, shapes and dtypes are checked here, so errors point at the caller's line.
 *
 * @throws ArgumentError, ShapeError
 */
export function apply<N extends string, I extends Inputs, A extends AnyAttrs>(
  op: Op<N, I, A>,
  x: Fill<I, Tensor>,
  attrs: Values<A>,
): Tensor {
  // The one place where an op's static types are erased: `Fill` and `Values` made them true for the caller.
  const erased = op as unknown as ErasedOp;
  const given = x as Readonly<Record<string, Tensor | readonly Tensor[] | null>>;
  const attrsId = op.attrNames.length === 0 ? 0 : checkAttrs(op, attrs);
  const parents: Tensor[] = [];
  let slots = given;
  for (const name of op.slots) {
    const value = given[name];
    const present = read(op.name, name, value, parents);
    // Copied only where a state cell stands for its present value, or a slot was left out.
    if (present !== value) slots = { ...slots, [name]: present };
  }
  const aval = erased.infer(slots as Fill<Inputs, Tensor>, attrs, (problem) => refuse(op.name, given, problem));
  return new Tensor(aval, { kind: "op", op: erased, x: slots, attrs, attrsId, parents });
}

/** What a slot holds at this moment; its tensors are added to `parents`. */
function read(
  op: string,
  name: string,
  value: Tensor | readonly Tensor[] | null | undefined,
  parents: Tensor[],
): Tensor | readonly Tensor[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value)) {
    const present = checked(op, name, value).value();
    parents.push(present);
    return present;
  }
  const items: readonly unknown[] = value;
  const list = items.map((item) => checked(op, name, item).value());
  parents.push(...list);
  return list;
}

/** The op of a recorded call, with the types its row was defined with forgotten. */
export function opOf(tensor: Tensor): GraphOp | null {
  // Only `apply` and `recorded` make op sources, of these ops.
  return tensor.source.kind === "op" ? (tensor.source.op as GraphOp) : null;
}

/**
 * A call as it is, unchecked: of an op that infers nothing, or the same call with other inputs of the same shapes and dtypes.
 *
 * @internal
 */
export function recorded(
  aval: Aval,
  op: AnyOp,
  x: Readonly<Record<string, Tensor | readonly Tensor[] | null>>,
  attrs: Readonly<Record<string, unknown>>,
): Tensor {
  const parents = op.slots.flatMap((slot) => x[slot] ?? []).filter(isTensor);
  return new Tensor(aval, { kind: "op", op, x, attrs, attrsId: checkAttrs(op, attrs), parents });
}

/**
 * A recorded call with other inputs of the same shapes and dtypes.
 *
 * @internal
 */
export function withInputs(tensor: Tensor, standIn: (parent: Tensor) => Tensor): Tensor {
  const { source } = tensor;
  return source.kind === "op" ? recorded(tensor, source.op, mapSlots(tensor, standIn), source.attrs) : tensor;
}

/** Pulls a cotangent back through one recorded call: pairs of a parent and what flows to it. */
export function pullBack(tensor: Tensor, ct: Tensor): (readonly [parent: Tensor, cotangent: Tensor])[] {
  const { source } = tensor;
  const op = opOf(tensor);
  if (op === null || source.kind !== "op" || op.kind === "scan" || op.kind === "tap") return [];
  const pulled: Readonly<Record<string, Tensor | readonly (Tensor | null)[] | null>> = op.vjp({
    x: source.x as Fill<Inputs, Tensor>,
    out: tensor,
    ct,
    attrs: source.attrs,
  });
  const pairs: (readonly [Tensor, Tensor])[] = [];
  for (const slot of op.slots) {
    const to = source.x[slot] ?? null;
    const from = pulled[slot] ?? null;
    if (to === null || from === null) continue;
    if (isTensor(to)) {
      if (isTensor(from)) pairs.push([to, from]);
    } else if (!isTensor(from)) {
      to.forEach((parent, i) => {
        const cotangent = from[i] ?? null;
        if (cotangent !== null) pairs.push([parent, cotangent]);
      });
    }
  }
  return pairs;
}

/** Results of one op, all of one shape, added up as the op itself knows how to; null if it does not. */
export function totalOf(results: readonly Tensor[]): Tensor | null {
  const op = results[0] === undefined ? null : opOf(results[0]);
  const calls = results.flatMap((out) => {
    const { source } = out;
    return source.kind === "op" ? [{ x: source.x as Fill<Inputs, Tensor>, out, attrs: source.attrs }] : [];
  });
  return op === null || op.kind === "scan" || op.kind === "tap" ? null : (op.total?.(calls) ?? null);
}

/** The sum over the steps of a scan of what one call gives at each, from what its inputs are at all of them; null if the op knows none. */
export function totalOfSteps(out: Tensor, alongSteps: (input: Tensor) => Tensor): Tensor | null {
  const op = opOf(out);
  if (op === null || op.kind === "scan" || op.kind === "tap" || op.totalOfSteps === undefined) return null;
  return op.totalOfSteps({ x: mapSlots(out, alongSteps), out, attrs: attrsOf(out) });
}

/** The attribute values of a recorded call, for its own op's functions. */
export function attrsOf(tensor: Tensor): Values<AnyAttrs> {
  return tensor.source.kind === "op" ? tensor.source.attrs : {};
}

/** The same recorded result as a call with other inputs and attributes, which must mean the same, up to rounding where its dtype is another. */
export function recordedAs(
  { shape, dtype: own, source }: Tensor,
  changedInputs: Readonly<Record<string, Tensor>>,
  changedAttrs: Readonly<Record<string, unknown>>,
  dtype: DType = own,
): Tensor {
  if (source.kind !== "op") throw new RangeError("only a recorded call can be recorded otherwise");
  return recorded({ shape, dtype }, source.op, { ...source.x, ...changedInputs }, { ...source.attrs, ...changedAttrs });
}

/** Inputs by slot, mapped: what an op's own functions take. */
export function mapSlots<T>(tensor: Tensor, map: (parent: Tensor) => T): Fill<Inputs, T> {
  const result: Record<string, T | readonly T[] | null> = {};
  if (tensor.source.kind !== "op") return result as Fill<Inputs, T>;
  for (const [name, value] of Object.entries(tensor.source.x)) {
    result[name] = value === null ? null : isTensor(value) ? map(value) : value.map(map);
  }
  return result as Fill<Inputs, T>;
}

function isTensor(value: Tensor | readonly (Tensor | null)[]): value is Tensor {
  return value instanceof Tensor;
}

/** How a function refuses its inputs under its own name, before it records ops of other names: what `infer` is given for an op. */
export function refusing(subject: string, given: Readonly<Record<string, Tensor>>): Fail {
  for (const [name, value] of Object.entries(given)) checked(subject, name, value);
  return (problem) => refuse(subject, given, problem);
}

function checked(op: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError("argument/not-a-tensor", `${name} must be a tensor, not ${Array.isArray(value) ? "an array" : typeof value}`, {
    subject: op,
    hint: "wrap numbers and arrays with tensor(...)",
  });
}

function refuse(op: string, x: Readonly<Record<string, Tensor | readonly Tensor[] | null>>, problem: Problem): never {
  const facts: Record<string, string | number | boolean | readonly number[]> = {};
  for (const [name, value] of Object.entries(x))
    if (value !== null) facts[name] = isTensor(value) ? String(value) : value.map(describe).join(", ");
  throw new ShapeError(problem.code, problem.sentence, {
    subject: op,
    facts: { ...facts, ...problem.facts },
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
  });
}

function describe({ dtype, shape }: Aval): string {
  return `${dtype}[${shape.join(", ")}]`;
}
