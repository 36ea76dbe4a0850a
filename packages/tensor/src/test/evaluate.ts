import type { DType } from "../dtype.ts";
import { topological } from "../graph.ts";
import { attrsOf, type ErasedLoopOp, mapSlots, opOf } from "../op/apply.ts";
import type { AnyAttrs, Aval, Combine, Fill, Inputs, LibraryOp, Reader } from "../op/define.ts";
import type { Host, Spec } from "../op/spec.ts";
import { withoutScans } from "../ops/sequence/recurrence.ts";
import { specs } from "../ops/specs.ts";
import { evaluateLeaf, type Scalar, ScalarBuilder, wrapTo } from "../scalar/expression.ts";
import { axisIndex, type IndexAtom, type IndexExpression, linearIndex } from "../scalar/index-expression.ts";
import { leafTable } from "../scalar/leaves.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/** A library op's meaning comes from its spec. */
const meanings = specs as unknown as Readonly<Record<string, Spec<LibraryOp<string, Inputs, AnyAttrs, Tensor>>>>;

/** A test's own data, in float64. */
const given = new WeakMap<Tensor, Float64Array>();

/** A leaf tensor that holds float64 values, for numeric derivatives. */
export function leaf(aval: Aval, data: ArrayLike<number>): Tensor {
  const tensor = new Tensor(aval, { kind: "host", computed: false });
  given.set(tensor, Float64Array.from(data));
  return tensor;
}

/** Replaces a leaf's values. */
export function setLeaf(tensor: Tensor, data: ArrayLike<number>): void {
  given.set(tensor, Float64Array.from(data));
}

/**
 * Computes tensors in float64 by interpreting every loop body element by element.
 * Throws a RangeError when a body reads outside one of its inputs.
 */
export function evaluate(...roots: readonly Tensor[]): Float64Array[] {
  const values = new Map<Tensor, Float64Array>();
  const valueOf = (tensor: Tensor): Float64Array => {
    const value = values.get(tensor);
    if (value === undefined) throw new RangeError(`no value for ${tensor}`);
    return value;
  };
  const present = withoutScans(roots.map((root) => root.value()));
  for (const tensor of topological(present)) {
    const op = opOf(tensor);
    if (op === null) values.set(tensor, given.get(tensor) ?? Float64Array.from(tensor.host ?? []));
    else if (op.kind === "loop") values.set(tensor, runLoop(op, tensor, valueOf));
    else {
      const x = mapSlots<Host>(tensor, (parent) => ({ shape: parent.shape, dtype: parent.dtype, data: valueOf(parent) }));
      const meaning = meanings[op.name];
      if (meaning === undefined) throw new RangeError(`${op.name} has no spec`);
      values.set(tensor, Float64Array.from(meaning.reference(x, attrsOf(tensor), tensor)));
    }
  }
  return present.map(valueOf);
}

function runLoop(op: ErasedLoopOp, tensor: Tensor, valueOf: (tensor: Tensor) => Float64Array): Float64Array {
  const s = new ScalarBuilder();
  const buffers: Float64Array[] = [];
  const x: Fill<Inputs, Reader> = mapSlots(tensor, (parent) => {
    const buffer = buffers.push(valueOf(parent)) - 1;
    return {
      shape: parent.shape,
      dtype: parent.dtype,
      at: (index) => s.load(buffer, parent.dtype, linearIndex(index, stridesOf(parent.shape))),
    };
  });
  const attrs = attrsOf(tensor);
  const { extents, combine } = op.reduce?.(x, attrs) ?? { extents: [], combine: "sum" as const };
  const space = [...tensor.shape, ...extents];
  const axes = space.map((extent, axis) => axisIndex(axis, extent));
  const body = op.body({ s, x, attrs, out: tensor, at: axes.slice(0, tensor.rank), over: axes.slice(tensor.rank) });
  const result = new Float64Array(tensor.size);
  const terms = sizeOf(extents);
  for (let element = 0; element < result.length; element++) {
    const reduction = reducer(combine, tensor.dtype);
    for (let term = 0; term < terms; term++) reduction.take(interpret(body, unravel(element * terms + term, space), buffers), term);
    result[element] = wrapTo(tensor.dtype, reduction.value());
  }
  return result;
}

function reducer(combine: Combine, dtype: DType): { take(value: number, position: number): void; value(): number } {
  let best = -1;
  let total = { sum: 0, prod: 1, max: -Infinity, argmax: -Infinity, min: Infinity, argmin: Infinity }[combine];
  return {
    take(value, position) {
      switch (combine) {
        case "sum":
          total = wrapTo(dtype, total + value);
          return;
        case "prod":
          total = dtype === "float32" ? total * value : Math.imul(total, value);
          return;
        case "max":
          total = Math.max(total, value);
          return;
        case "min":
          total = Math.min(total, value);
          return;
        case "argmax":
        case "argmin":
          if (best < 0 || (combine === "argmax" ? value > total : value < total) || (Number.isNaN(value) && !Number.isNaN(total))) {
            best = position;
            total = value;
          }
          return;
      }
      combine satisfies never;
    },
    value: () => (combine === "argmax" || combine === "argmin" ? best : total),
  };
}

function interpret(scalar: Scalar, at: readonly number[], buffers: readonly Float64Array[]): number {
  const known = new Map<number, number>();
  const value = (node: Scalar): number => {
    let result = known.get(node.id);
    if (result === undefined) known.set(node.id, (result = compute(node)));
    return result;
  };
  const compute = (node: Scalar): number => {
    switch (node.kind) {
      case "constant":
        return node.value;
      case "index":
        return evaluateIndex(node.of, at, value);
      case "load": {
        const address = evaluateIndex(node.at, at, value);
        const element = buffers[node.buffer]?.[address];
        if (element === undefined) throw new RangeError(`reads element ${address} of ${buffers[node.buffer]?.length ?? 0}`);
        return element;
      }
      case "call": {
        const { arity } = leafTable[node.leaf];
        if (node.args.length !== arity) throw new RangeError(`${node.leaf} takes ${arity} arguments`);
        return wrapTo(node.dtype, evaluateLeaf(node.leaf, node.dtype, node.args.map(value)));
      }
      case "accumulator":
        throw new RangeError("a body has no accumulator");
    }
    node satisfies never;
  };
  return value(scalar);
}

/** The value of an index expression at a loop index; checks the range it claims. */
export function evaluateIndex(of: IndexExpression, at: readonly number[], value: (scalar: Scalar) => number): number {
  const result = of.terms.reduce((sum, { atom, coefficient }) => sum + coefficient * evaluateAtom(atom, at, value), of.constant);
  if (result < of.min || result > of.max) throw new RangeError(`${of.key} is ${result}, outside ${of.min} .. ${of.max}`);
  return result;
}

function evaluateAtom(atom: IndexAtom, at: readonly number[], value: (scalar: Scalar) => number): number {
  switch (atom.kind) {
    case "axis":
      return at[atom.axis] ?? 0;
    case "div":
      return Math.floor(evaluateIndex(atom.of, at, value) / atom.by);
    case "mod":
      return ((evaluateIndex(atom.of, at, value) % atom.by) + atom.by) % atom.by;
    case "clamp":
      return Math.min(Math.max(evaluateIndex(atom.of, at, value), atom.low), atom.high);
    case "value":
      return value(atom.value);
  }
  atom satisfies never;
}

function unravel(position: number, shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    result[axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  return result;
}
