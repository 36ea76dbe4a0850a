import { ArgumentError, ShapeError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import type { Operand } from "../pointwise/define-pointwise.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { sum } from "../reduce/sum.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { unsqueeze } from "../view/squeeze.ts";

/**
 * All products of two vectors: c[i, j] = a[i] * b[j].
 *
 * Shapes: `a` [n], `b` [m], result [n, m].
 *
 * @throws ShapeError unless both are vectors.
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1)
    throw new ShapeError("shape/outer", "both must be vectors", { subject: "outer", facts: { a: String(a), b: String(b) } });
  return mul(unsqueeze(a, 1), b);
}

/**
 * Between `a` and `b`: a + weight * (b - a), broadcast.
 *
 * @throws ShapeError if the shapes do not broadcast.
 */
export function lerp(a: Tensor, b: Tensor, weight: Operand): Tensor {
  return add(a, mul(sub(b, a), weight));
}

export interface AddmmOptions {
  /** Scales `c`; 1 when left out. */
  readonly beta?: number;
  /** Scales the product; 1 when left out. */
  readonly alpha?: number;
}

/**
 * A matrix product added to something: beta * c + alpha * a b. With beta 0, `c` is not looked at.
 *
 * Shapes: `a` [n, k], `b` [k, m], `c` broadcasts to [n, m].
 *
 * @throws ShapeError if the inner dimensions differ or `c` does not broadcast.
 */
export function addmm(c: Tensor, a: Tensor, b: Tensor, { beta = 1, alpha = 1 }: AddmmOptions = {}): Tensor {
  const product = matmul(a, b);
  const scaled = alpha === 1 ? product : mul(product, alpha);
  return beta === 0 ? scaled : add(beta === 1 ? c : mul(c, beta), scaled);
}

/**
 * A bilinear form for each output: y[..., o] = Σ_{i, j} a[..., i] * weight[o, i, j] * b[..., j] + bias[o].
 *
 * Shapes: `a` [..., n], `b` [..., m], `weight` [outputs, n, m], `bias` [outputs], result [..., outputs].
 *
 * @throws ShapeError if the shapes do not fit.
 */
export function bilinear(a: Tensor, b: Tensor, weight: Tensor, { bias = null }: { readonly bias?: Tensor | null } = {}): Tensor {
  const [outputs = 0, n = 0, m = 0] = weight.shape;
  const lead = a.shape.slice(0, -1);
  if (weight.rank !== 3 || a.shape.at(-1) !== n || b.shape.at(-1) !== m || lead.join() !== b.shape.slice(0, -1).join()) {
    throw new ShapeError("shape/bilinear", "the weight must be [outputs, n, m] for inputs [..., n] and [..., m]", {
      subject: "bilinear",
      facts: { a: String(a), b: String(b), weight: String(weight) },
    });
  }
  const rows = sizeOf(lead);
  const half = matmul(reshape(a, [rows, n]), reshape(permute(weight, [1, 0, 2]), [n, outputs * m]));
  const y = sum(mul(reshape(half, [...lead, outputs, m]), unsqueeze(b, -2)), { axis: -1 });
  return bias === null ? y : add(y, bias);
}

/**
 * Sums of products over pairs of axes: the axes `axes[0][i]` of `a` and `axes[1][i]` of `b` are walked together and summed
 * over. A number stands for the last axes of `a` and the first of `b`; 2 when left out, 0 gives all products.
 *
 * Shapes: the result has the other axes of `a`, then those of `b`.
 *
 * @throws ArgumentError if the lists differ in length, or for an axis a tensor does not have; ShapeError if sizes differ.
 */
export function tensordot(a: Tensor, b: Tensor, axes: number | readonly [readonly number[], readonly number[]] = 2): Tensor {
  const [ofA, ofB] =
    typeof axes === "number"
      ? [Array.from({ length: axes }, (_, i) => a.rank - axes + i), Array.from({ length: axes }, (_, i) => i)]
      : axes;
  const inA = ofA.map((axis) => resolveAxis("tensordot", a, axis));
  const inB = ofB.map((axis) => resolveAxis("tensordot", b, axis));
  if (inA.length !== inB.length)
    throw new ArgumentError("argument/tensordot", `${inA.length} axes do not pair with ${inB.length}`, { subject: "tensordot" });
  if (inA.some((axis, i) => a.shape[axis] !== b.shape[inB[i] ?? 0])) {
    throw new ShapeError("shape/tensordot", "paired axes must have one size", {
      subject: "tensordot",
      facts: { a: String(a), b: String(b), axes: `[${inA.join(", ")}] with [${inB.join(", ")}]` },
    });
  }
  const outA = others(a, inA);
  const outB = others(b, inB);
  const size = (x: Tensor, list: readonly number[]): number => sizeOf(list.map((axis) => x.shape[axis] ?? 1));
  const left = reshape(permute(a, [...outA, ...inA]), [size(a, outA), size(a, inA)]);
  const right = reshape(permute(b, [...inB, ...outB]), [size(b, inB), size(b, outB)]);
  return reshape(matmul(left, right), [...outA.map((axis) => a.shape[axis] ?? 1), ...outB.map((axis) => b.shape[axis] ?? 1)]);
}

/**
 * The Kronecker product: `a` with each element replaced by it times `b`, c[i * p + k, j * q + l] = a[i, j] * b[k, l].
 *
 * Shapes: [n, m] and [p, q] give [n * p, m * q]; for other ranks alike, the smaller shape led by ones.
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(a.rank, b.rank);
  const ofA = [...Array.from({ length: rank - a.rank }, () => 1), ...a.shape];
  const ofB = [...Array.from({ length: rank - b.rank }, () => 1), ...b.shape];
  const product = mul(
    reshape(
      a,
      ofA.flatMap((extent) => [extent, 1]),
    ),
    reshape(
      b,
      ofB.flatMap((extent) => [1, extent]),
    ),
  );
  return reshape(
    product,
    ofA.map((extent, axis) => extent * (ofB[axis] ?? 1)),
  );
}

function others(x: Tensor, axes: readonly number[]): number[] {
  return x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
}
