import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as g from "../index.ts";
import { expectClose } from "../test/compare.ts";
import { evaluate, leaf } from "../test/evaluate.ts";
import { readReference } from "../test/safetensors.ts";

type F = (x: Readonly<Record<string, g.Tensor>>, attrs: Attributes) => g.Tensor;
type Attributes = Readonly<Record<string, unknown>>;

interface ReferenceCase {
  readonly id: string;
  readonly fn: string;
  readonly file: string;
  readonly attrs: Attributes;
}

const need = (value: g.Tensor | undefined): g.Tensor => value ?? g.tensor(Number.NaN);
const of =
  (f: (x: g.Tensor) => g.Tensor): F =>
  ({ x, a }) =>
    f(need(x ?? a));
const both =
  (f: (a: g.Tensor, b: g.Tensor) => g.Tensor): F =>
  ({ a, b }) =>
    f(need(a), need(b));
const pool = ({ stride, padding, dilation, ceil_mode }: Attributes) => ({
  ...(stride === undefined ? {} : { stride: stride as number }),
  ...(padding === undefined ? {} : { padding: padding as number }),
  ...(dilation === undefined ? {} : { dilation: dilation as number }),
  ...(ceil_mode === undefined ? {} : { ceilMode: ceil_mode as boolean }),
});

/** How each reference case is written with this package: by its id, else by its function's name. */
const functions: Readonly<Record<string, F>> = {
  ...Object.fromEntries(
    Object.entries({
      relu: g.relu,
      relu6: g.relu6,
      gelu: g.gelu,
      silu: g.silu,
      tanh: g.tanh,
      sigmoid: g.sigmoid,
      exp: g.exp,
      expm1: g.expm1,
      sin: g.sin,
      cos: g.cos,
      sinh: g.sinh,
      cosh: g.cosh,
      asinh: g.asinh,
      acosh: g.acosh,
      abs: g.abs,
      neg: g.neg,
      square: g.square,
      log: g.log,
      log1p: g.log1p,
      log2: g.log2,
      log10: g.log10,
      sqrt: g.sqrt,
      rsqrt: g.rsqrt,
      reciprocal: g.reciprocal,
      asin: g.asin,
      acos: g.acos,
      atan: g.atan,
      atanh: g.atanh,
      erf: g.erf,
      erfinv: g.erfinv,
      floor: g.floor,
      ceil: g.ceil,
      round: g.round,
      trunc: g.trunc,
      sign: g.sign,
      elu: g.elu,
      leaky_relu: g.leakyRelu,
      logsigmoid: g.logSigmoid,
      hardtanh: g.hardtanh,
    }).map(([name, f]) => [name, of((x) => f(x))]),
  ),
  ...Object.fromEntries(
    Object.entries({
      add: g.add,
      sub: g.sub,
      mul: g.mul,
      div: g.div,
      maximum: g.maximum,
      minimum: g.minimum,
      atan2: g.atan2,
      remainder: g.remainder,
      fmod: g.fmod,
    }).map(([name, f]) => [name, both(f)]),
  ),
  "leaky_relu_0.2": of((x) => g.leakyRelu(x, { negativeSlope: 0.2 })),
  "elu_0.5": of((x) => g.elu(x, { alpha: 0.5 })),
  gelu_tanh: of((x) => g.gelu(x, { approximate: "tanh" })),
  unary_softplus_b2_t3: of((x) => g.softplus(x, { beta: 2, threshold: 3 })),
  "clamp_-0.5_0.8": of((x) => g.clamp(x, { min: -0.5, max: 0.8 })),
  pow: ({ a, b }, { exponent }) => g.pow(need(a), typeof exponent === "number" ? exponent : need(b)),
  where: ({ c, a, b }) => g.where(need(c), need(a), need(b)),
  reduce_sum_all: of((x) => g.sum(x)),
  reduce_mean_all: of((x) => g.mean(x)),
  "reduce_mean_-1": of((x) => g.mean(x, { axis: -1 })),
  reduce_max_1: of((x) => g.max(x, { axis: 1 })),
  reduce_min_2: of((x) => g.min(x, { axis: 2 })),
  reduce_max_all: of((x) => g.max(x)),
  reduce_prod_1: of((x) => g.prod(x, { axis: 1 })),
  reduce_var_b_02: of((x) => g.variance(x, { axis: [0, 2], correction: 0 })),
  reduce_std_unb_1: of((x) => g.std(x, { axis: 1 })),
  reduce_norm1_1: of((x) => g.norm(x, { p: 1, axis: 1 })),
  reduce_norm2_all: of((x) => g.norm(x)),
  reduce_norm2_2: of((x) => g.norm(x, { axis: 2 })),
  reduce_norm3_2: of((x) => g.norm(x, { p: 3, axis: 2 })),
  reduce_norminf_2: of((x) => g.norm(x, { p: Infinity, axis: 2 })),
  reduce_logsumexp_1: of((x) => g.logSumExp(x, { axis: 1 })),
  reduce_logsumexp_02: of((x) => g.logSumExp(x, { axis: [0, 2] })),
  reduce_logsumexp_large: of((x) => g.logSumExp(x, { axis: -1 })),
  reduce_argmin_2: of((x) => g.argmin(x, { axis: 2 })),
  reduce_softmax_1: of((x) => g.softmax(x, { axis: 1 })),
  "reduce_softmax_-1": of((x) => g.softmax(x)),
  reduce_log_softmax_1: of((x) => g.logSoftmax(x, { axis: 1 })),
  "reduce_log_softmax_-1": of((x) => g.logSoftmax(x)),
  max_pool2d: ({ x }, attrs) => g.maxPool2d(need(x), attrs["kernel_size"] as number, pool(attrs)),
  avg_pool2d: ({ x }, attrs) =>
    g.avgPool2d(need(x), attrs["kernel_size"] as number, {
      ...pool(attrs),
      ...(attrs["count_include_pad"] === undefined ? {} : { countIncludePad: attrs["count_include_pad"] as boolean }),
    }),
  gather: ({ x, idx }, { dim }) => g.gather(need(x), need(idx), { axis: dim as number }),
  scatter_add: ({ x, idx, src }, { dim }) => g.scatterAdd(need(x), need(idx), need(src), { axis: dim as number }),
  index_select: ({ x, idx }, { dim }) => g.indexSelect(need(x), need(idx), { axis: dim as number }),
  embedding: ({ idx, weight }) => g.embedding(need(idx), need(weight)),
  masked_fill: ({ x, m }, { value }) => g.where(need(m), value as number, need(x)),
  slice_step: of((x) => g.slice(x, [{ start: 1 }, { step: 2 }, { start: -3 }])),
  cat_1: both((a, b) => g.concat([a, b], { axis: 1 })),
  stack_1: both((a, b) => g.stack([a, b], { axis: 1 })),
  permute: of((x) => g.permute(x, [2, 0, 1])),
  flip_02: of((x) => g.flip(x, [0, 2])),
  transpose_contig: of((x) => g.reshape(g.transpose(x, 0, 2), [4, 6])),
  shape_expand: of((x) => g.expand(x, [2, 3, 4])),
  pad1d_constant: of((x) => g.pad(x, [[2, 3]])),
  pad_negative: of((x) =>
    g.pad(x, [
      [1, -2],
      [-1, 2],
    ]),
  ),
};

const folder = process.env["GRADUS_SHARED"] ?? fileURLToPath(new URL("../../../../../shared", import.meta.url));
const index = join(folder, "reference/ops/manifest.json");

describe("PyTorch's values", () => {
  test("lie beside the checkout", ({ skip }) => {
    skip(!existsSync(index), "shared/ is not beside the checkout");
    expect(known.length).toBeGreaterThan(100);
  });

  const { cases } = existsSync(index) ? (JSON.parse(readFileSync(index, "utf8")) as { cases: readonly ReferenceCase[] }) : { cases: [] };
  // A reduction's function name says nothing about its axes: those are matched by id alone.
  const known = cases.filter(({ id, fn }) => id in functions || (fn in functions && !id.startsWith("reduce_")));
  test.each(known.map((one) => [one.id, one] as const))("%s", (_, one) => {
    const f = functions[one.id] ?? functions[one.fn];
    const stored = readReference(join(folder, "reference", one.file));
    const read = (prefix: string) =>
      [...stored]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), leaf(value, value.data)] as const);
    const x = Object.fromEntries(read("in."));
    const scale = one.attrs["x_premultiplied_by"];
    const y = f?.(typeof scale === "number" ? { x: g.mul(need(x["x"]), scale) } : x, one.attrs);
    if (y === undefined) throw new RangeError("no function for this case");
    const [[, want] = ["", y] as const] = read("out.");
    expectClose(evaluate(y)[0], evaluate(want)[0] ?? [], 1e-6);
    const [seed] = read("ct.");
    if (seed === undefined) return;
    const wanted = read("grad.");
    const inputs = wanted.map(([name]) => need(x[name]));
    g.propagate([[y, seed[1]]], inputs).forEach((got, i) => {
      const reference = need(wanted[i]?.[1]);
      expectClose(got === null ? new Float64Array(reference.size) : evaluate(got)[0], evaluate(reference)[0] ?? [], 1e-6);
    });
  });
});
