import {
  abs,
  add,
  argmax,
  avgPool2d,
  conv2d,
  div,
  embedding,
  erf,
  exp,
  flatten,
  gelu,
  identity,
  matmul,
  max,
  maximum,
  maxPool2d,
  mean,
  mul,
  narrow,
  neg,
  relu,
  reshape,
  rsqrt,
  sigmoid,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Tensor,
  vjp,
  zeros,
} from "@gradus/tensor";
import type { ConvolutionAttributes, WholeOpTable } from "./vocabulary.ts";

/** The vocabulary in Gradus's public functions. */
export const gradusOps: WholeOpTable<Tensor> = {
  matmul: (options, a, b) => matmul(a, b, options),
  conv2d: (options, x, weight, bias?: Tensor) => conv2d(x, weight, { ...options, bias: bias ?? null }),
  // A convolution's gradient depends on the shape alone of what it differentiates.
  conv2dInputGrad: ({ inputShape, ...options }, ct, weight) => pulledBack((x) => convolution(x, weight, options), zeros(inputShape), ct),
  conv2dWeightGrad: ({ weightShape, ...options }, x, ct) => pulledBack((weight) => convolution(x, weight, options), zeros(weightShape), ct),
  maxPool: ({ kernel, ...options }, x) => maxPool2d(x, kernel, options),
  avgPool: ({ kernel, ...options }, x) => avgPool2d(x, kernel, options),
  globalAvgPool: (_, x) => mean(x, { axis: [2, 3] }),
  copy: (_, x) => identity(x),
  neg: (_, x) => neg(x),
  abs: (_, x) => abs(x),
  exp: (_, x) => exp(x),
  erf: (_, x) => erf(x),
  relu: (_, x) => relu(x),
  tanh: (_, x) => tanh(x),
  sigmoid: (_, x) => sigmoid(x),
  gelu: (_, x) => gelu(x, { approximate: "tanh" }),
  add: (_, a, b) => add(a, b),
  sub: (_, a, b) => sub(a, b),
  mul: (_, a, b) => mul(a, b),
  maximum: (_, a, b) => maximum(a, b),
  linear: (_, x, weight, bias) => add(matmul(x, weight, { transposeB: true }), bias),
  softmax: (_, x) => softmax(x),
  layerNorm: ({ epsilon }, x, weight, bias) => add(mul(standardised(x, [-1], epsilon), weight), bias),
  batchNorm: ({ epsilon }, x, weight, bias) => add(mul(standardised(x, [0, 2, 3], epsilon), perChannel(weight)), perChannel(bias)),
  batchNormInference: ({ epsilon }, x, weight, bias, average, variance) => {
    const scale = div(weight, sqrt(add(variance, epsilon)));
    return add(mul(x, perChannel(scale)), perChannel(sub(bias, mul(average, scale))));
  },
  sum: ({ axes }, x) => sum(x, { axis: axes }),
  mean: ({ axes }, x) => mean(x, { axis: axes }),
  max: ({ axes }, x) => max(x, { axis: axes }),
  argmax: (options, x) => argmax(x, options),
  embedding: (_, table, index) => embedding(index, table),
  slice: ({ axis, start, end }, x) => narrow(x, axis, start, end - start),
  flatten: (_, x) => flatten(x),
};

function convolution(x: Tensor, weight: Tensor, options: ConvolutionAttributes): Tensor {
  return conv2d(x, weight, options);
}

function pulledBack(f: (x: Tensor) => Tensor, at: Tensor, ct: Tensor): Tensor {
  const [pulled] = vjp(f, [at]).pullback(ct);
  return pulled ?? at;
}

/** Brought to mean 0 and variance 1 over axes. */
function standardised(x: Tensor, axis: readonly number[], epsilon: number): Tensor {
  const centred = sub(x, mean(x, { axis, keepDims: true }));
  return mul(centred, rsqrt(add(mean(square(centred), { axis, keepDims: true }), epsilon)));
}

function perChannel(x: Tensor): Tensor {
  return reshape(x, [1, x.size, 1, 1]);
}
