import { type DType, isFloat } from "../../dtype.ts";
import { asPrecise } from "../../autocast.ts";
import { roundToFloat16 } from "../../float16.ts";
import { apply } from "../../op/apply.ts";
import type { Values } from "../../op/attr.ts";
import { type AnyAttrs, type Aval, defineLoop, type Fail, type LoopOp } from "../../op/define.ts";
import { type Scalar, type ScalarBuilder, wrapTo } from "../../scalar/expression.ts";
import { broadcastShapes, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full } from "../source/full.ts";
import { broadcastTo } from "../view/expand.ts";
import { asFloat, cast } from "./cast.ts";

/** A tensor, or a number that takes the other operand's dtype. */
export type Operand = Tensor | number;

/** Which dtypes an op takes: any number, floating point only, 32-bit words only, or anything. */
type Takes = "number" | "float" | "word" | "any";

interface UnaryRow<A extends AnyAttrs> {
  readonly takes: Takes;
  /** The result's dtype; the input's when left out. */
  readonly gives?: DType;
  body(s: ScalarBuilder, x: Scalar, attrs: Values<A>): Scalar;
  /** The cotangent of `x`, or null for steps. */
  vjp(call: { readonly ct: Tensor; readonly x: Tensor; readonly out: Tensor; readonly attrs: Values<A> }): Tensor | null;
}

interface BinaryRow {
  readonly takes: Takes;
  readonly gives?: DType;
  body(s: ScalarBuilder, a: Scalar, b: Scalar): Scalar;
  vjp(call: { readonly ct: Tensor; readonly a: Tensor; readonly b: Tensor; readonly out: Tensor }): {
    readonly a: Tensor | null;
    readonly b: Tensor | null;
  };
}

/** @internal */
export type UnaryOp<N extends string, A extends AnyAttrs = {}> = LoopOp<N, { readonly x: "one" }, A, Tensor>;
/** @internal */
export type BinaryOp<N extends string> = LoopOp<N, { readonly a: "one"; readonly b: "one" }, {}, Tensor>;

/**
 * Defines a pointwise op of one input.
 *
 * @internal
 */
/* @__NO_SIDE_EFFECTS__ */ export function unary<const N extends string>(name: N, row: UnaryRow<{}>): UnaryOp<N> {
  return unaryWith(name, {}, row);
}

/**
 * Defines a pointwise op of one input and some attributes.
 *
 * @internal
 */
/* @__NO_SIDE_EFFECTS__ */ export function unaryWith<const N extends string, const A extends AnyAttrs>(
  name: N,
  attrs: A,
  row: UnaryRow<A>,
): UnaryOp<N, A> {
  return defineLoop<Tensor>()({
    name,
    inputs: { x: "one" },
    attrs,
    access: "pointwise",
    infer: ({ x }, _, fail) => {
      checkTakes(row.takes, x, fail);
      return { shape: x.shape, dtype: row.gives ?? x.dtype };
    },
    body: ({ s, x: { x }, attrs, at }) => row.body(s, x.at(at), attrs),
    vjp: ({ x: { x }, out, ct, attrs }) => ({ x: row.vjp({ ct, x, out, attrs }) }),
  });
}

/**
 * Defines a pointwise op of two inputs of one shape and dtype; the public function broadcasts and promotes.
 *
 * @internal
 */
/* @__NO_SIDE_EFFECTS__ */ export function binary<const N extends string>(name: N, row: BinaryRow): BinaryOp<N> {
  return defineLoop<Tensor>()({
    name,
    inputs: { a: "one", b: "one" },
    attrs: {},
    access: "pointwise",
    infer: ({ a, b }, _, fail) => {
      if (!sameShape(a.shape, b.shape))
        fail({ code: "shape/differ", sentence: `shapes differ ([${a.shape.join(", ")}] and [${b.shape.join(", ")}])` });
      if (a.dtype !== b.dtype)
        fail({ code: "dtype/differ", sentence: `dtypes differ (${a.dtype} and ${b.dtype})`, hint: "cast one of them" });
      checkTakes(row.takes, a, fail);
      return { shape: a.shape, dtype: row.gives ?? a.dtype };
    },
    body: ({ s, x: { a, b }, at }) => row.body(s, a.at(at), b.at(at)),
    vjp: ({ x: { a, b }, out, ct }) => row.vjp({ ct, a, b, out }),
  });
}

/**
 * Applies a unary op; a floating-point-only op takes integers by casting them.
 *
 * @internal
 */
export function applyUnary<N extends string>(op: UnaryOp<N>, x: Tensor, takes: Takes = "number"): Tensor {
  return apply(op, { x: takes === "float" ? asPrecise(op.name, asFloat(x)) : x }, {});
}

/**
 * Applies a binary op to operands broadcast to one shape and promoted to one dtype
 * (`promote`; a fraction beside an integer tensor makes float32).
 *
 * @throws ShapeError if the shapes do not broadcast.
 * @internal
 */
export function applyBinary<N extends string>(op: BinaryOp<N>, left: Operand, right: Operand, takes: Takes = "number"): Tensor {
  const a = typeof left === "number" ? left : asPrecise(op.name, left);
  const b = typeof right === "number" ? right : asPrecise(op.name, right);
  const promoted = promote(a, b);
  const dtype = takes === "float" && !isFloat(promoted) ? "float32" : promoted;
  if (dtype === "float16" && !(isHalf(a) && isHalf(b))) {
    // A number between two halves is computed with as it is, and the result rounded.
    const [x, y] = joinOperands(op.name, a, b, "float32");
    const result = apply(op, { a: x, b: y }, {});
    return result.dtype === "float32" ? cast(result, "float16") : result;
  }
  const [x, y] = joinOperands(op.name, a, b, dtype);
  return apply(op, { a: x, b: y }, {});
}

/**
 * Two operands with one shape and one dtype.
 *
 * @internal
 */
export function joinOperands(name: string, a: Operand, b: Operand, dtype: DType = promote(a, b)): readonly [Tensor, Tensor] {
  if (typeof a === "number" && typeof b === "number") return [full([], a, { dtype }), full([], b, { dtype })];
  if (typeof a === "number") return typeof b === "number" ? [full([], a), full([], b)] : [full(b.shape, a, { dtype }), cast(b, dtype)];
  if (typeof b === "number") return [cast(a, dtype), full(a.shape, b, { dtype })];
  if (sameShape(a.shape, b.shape)) return [cast(a, dtype), cast(b, dtype)];
  const shape = broadcastShapes(a.shape, b.shape);
  // Left unbroadcast, the row's own check refuses them with both shapes in the message.
  if (shape === null) return [cast(a, dtype), cast(b, dtype)];
  return [broadcastTo(cast(a, dtype), shape), broadcastTo(cast(b, dtype), shape)];
}

function isHalf(operand: Operand): boolean {
  return typeof operand !== "number" || Object.is(roundToFloat16(operand), operand);
}

const rank: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int8: 1, int32: 2, float16: 3, float32: 4 };

/**
 * The dtype two operands meet at: the later of bool, uint8 or int8, int32, float16, float32; uint8 and int8, of which neither holds
 * the other, meet at int32. A number keeps the tensor's where it fits into it; a floating-point tensor's always.
 * `docs/guide/dtypes.md` has the table. Source: PyTorch's `promote_types`, without the dtypes that are not here.
 *
 * @internal
 */
export function promote(a: Operand, b: Operand): DType {
  if (typeof a === "number") return typeof b === "number" ? "float32" : promoteNumber(b.dtype, a);
  if (typeof b === "number") return promoteNumber(a.dtype, b);
  if (a.dtype !== b.dtype && rank[a.dtype] === rank[b.dtype]) return "int32";
  return rank[a.dtype] >= rank[b.dtype] ? a.dtype : b.dtype;
}

function promoteNumber(dtype: DType, value: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(value) || Math.abs(value) > 0x7fffffff) return "float32";
  return dtype !== "bool" && wrapTo(dtype, value) === value ? dtype : "int32";
}

function checkTakes(takes: Takes, { dtype }: Aval, fail: Fail): void {
  const accepted: Record<Takes, readonly DType[]> = {
    number: ["float32", "float16", "int32", "uint8", "int8"],
    float: ["float32", "float16"],
    word: ["int32"],
    any: ["float32", "float16", "int32", "uint8", "int8", "bool"],
  };
  if (!accepted[takes].includes(dtype))
    fail({ code: "dtype/unsupported", sentence: `takes ${accepted[takes].join(", ")}, not ${dtype}`, hint: "cast first" });
}
