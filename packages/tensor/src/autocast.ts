import { isFloat } from "./dtype.ts";
import { cast } from "./ops/pointwise/cast.ts";
import type { Tensor } from "./tensor.ts";

let active = false;

/**
 * Runs `f` in mixed precision: what it records multiplies halves and adds in float32.
 *
 * Matrix products and convolutions cast their factors to float16, so parameters may stay float32; exponentials, logarithms, powers and
 * sums cast to float32, as means, variances and softmax do anyway; everything else keeps the dtype it is given.
 * The lists are those of PyTorch's `torch.autocast` ("Autocast Op Reference").
 *
 * Example: `const logits = autocast(() => model.forward(images))`.
 */
export function autocast<R>(f: () => R): R {
  const before = active;
  active = true;
  try {
    return f();
  } finally {
    active = before;
  }
}

/**
 * A factor of a matrix product or a convolution, as autocast wants it.
 *
 * @internal
 */
export function asFactor(x: Tensor): Tensor {
  return active && isFloat(x.dtype) ? cast(x, "float16") : x;
}

/**
 * The input of an op by its name, in float32 where autocast wants that op computed so.
 *
 * @internal
 */
export function asPrecise(op: string, x: Tensor): Tensor {
  return active && x.dtype === "float16" && precise.has(op) ? cast(x, "float32") : x;
}

/** Ops whose results leave the range of halves, or lose too much in it. */
const precise: ReadonlySet<string> = new Set(
  "acos,asin,cosh,erfinv,exp,exp2,expm1,log,log10,log1p,log2,pow,prod,reciprocal,rsqrt,sinh,softplus,sum,tan".split(","),
);
