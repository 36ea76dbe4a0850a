import { apply, refusing } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";
import { customGrad } from "../autograd/custom-grad.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { log } from "../pointwise/exponential.ts";
import { abs, sign } from "../pointwise/rounding.ts";
import { prod } from "../reduce/prod.ts";
import { sum } from "../reduce/sum.ts";
import { transpose } from "../view/permute.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { eliminate } from "./elimination.ts";
import { itemsOf, squareOf } from "./matrices.ts";
import { inverse } from "./solve.ts";

/** The pivots of elimination, of which the first has the sign of the exchange of rows: their product is the determinant. */
export const pivotsOp = defineRoutine<Tensor>()({
  name: "pivots",
  inputs: { a: "one" },
  attrs: {},
  infer: ({ a }, _, fail) => {
    const { batch, rows, dtype } = squareOf(a, fail);
    return { shape: [...batch, rows], dtype };
  },
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a } }) => (a.shape.at(-1) ?? 0) ** 3 / 3,
  routine(r, { x: { a } }) {
    const n = a.shape.at(-1) ?? 0;
    const [given, m, out] = [r.input(0, n), r.scratch(n, n), r.output(0, n)];
    r.each(0, n, (i) => r.count(0, n, (j) => m.put(i, j, given.at(i, j))));
    const exchange = eliminate(r, m, n, n);
    r.each(0, n, (i) => out.put(0, i, r.mul(m.at(i, i), r.choose(r.same(i, 0), exchange.value, 1))));
  },
  vjp: () => ({ a: null }),
});

/**
 * The determinant of square matrices: 0 for a singular one, whose gradient is NaN.
 *
 * Shapes: [..., n, n] gives [...].
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 3.4; the gradient det(a) a⁻ᵀ is Jacobi's formula.
 *
 * @throws ShapeError unless the matrices are square.
 */
export function det(a: Tensor): Tensor {
  squareOf(a, refusing("det", { a }));
  const f = customGrad(
    (x) => prod(apply(pivotsOp, { a: x }, {}), { axis: -1 }),
    ({ inputs: [x = a], cotangent }) => [mul(perMatrix(mul(cotangent, det(x))), transpose(inverse(x)))],
  );
  return f(a);
}

/** The determinant as `slogdet` has it: det = sign * exp(logabsdet). */
export interface SignAndLogarithm {
  /** 1, -1, or 0 for a singular matrix. */
  readonly sign: Tensor;
  /** -Infinity for a singular matrix. */
  readonly logabsdet: Tensor;
}

/**
 * The sign of the determinant of square matrices, and the logarithm of its magnitude: for determinants too large or small for a float.
 *
 * Shapes: [..., n, n] gives two of [...].
 *
 * @throws ShapeError unless the matrices are square.
 */
export function slogdet(a: Tensor): SignAndLogarithm {
  squareOf(a, refusing("slogdet", { a }));
  const pivots = apply(pivotsOp, { a }, {});
  const f = customGrad(
    () => sum(log(abs(pivots)), { axis: -1 }),
    ({ inputs: [x = a], cotangent }) => [mul(perMatrix(cotangent), transpose(inverse(x)))],
  );
  return { sign: prod(sign(pivots), { axis: -1 }), logabsdet: f(a) };
}

function perMatrix(x: Tensor): Tensor {
  return unsqueeze(unsqueeze(x, -1), -1);
}
