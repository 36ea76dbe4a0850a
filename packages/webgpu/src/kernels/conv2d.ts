import type { LibraryCall } from "@gradus/compile";
import type { Shape } from "@gradus/tensor";
import type { Contraction } from "./contraction.ts";
import type { Operand } from "./kernel.ts";

/** Every size of a convolution and its steps. */
interface Sizes {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
  readonly groups: number;
  /** Channels of a group. */
  readonly gc: number;
  readonly go: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
  readonly top: number;
  readonly left: number;
}

/** y[n, o, i, j] = Σ over c, p, q of w[o, c, p, q] * x[n, c, i s + p d - top, j s + q d - left]. */
export function conv2dContraction(
  { x: { x, weight }, attrs, out }: LibraryCall<"conv2d">,
  [input, kernel]: readonly [Operand, Operand],
): Contraction {
  const s = sizesOf(x.shape, weight.shape, out.shape, attrs);
  return {
    name: "conv2d",
    operands: [kernel, input],
    batch: s.groups,
    rows: [s.go],
    columns: [s.n, s.oh, s.ow],
    inner: [s.gc, s.kh, s.kw],
    left: (z, [o = "0"], inner) => ({ index: weightIndex(s, z, o, inner), inside: null }),
    right: (z, [n = "0", i = "0", j = "0"], [c = "0", p = "0", q = "0"]) => inputFactor(s, n, `${z} * ${s.gc} + ${c}`, tap(s, i, p, j, q)),
    output: (z, [o = "0"], [n = "0", i = "0", j = "0"]) => `((${n} * ${s.o} + ${z} * ${s.go} + ${o}) * ${s.oh} + ${i}) * ${s.ow} + ${j}`,
  };
}

/** dx[n, c, y, x] = Σ over o, p, q of w[o, c, p, q] * dy[n, o, i, j] where i s + p d - top = y, and so for j. */
export function inputGradContraction(
  { x: { ct, weight }, attrs: { inputShape, ...attrs } }: LibraryCall<"conv2dInputGrad">,
  [cotangent, kernel]: readonly [Operand, Operand],
): Contraction {
  const s = sizesOf(inputShape, weight.shape, ct.shape, attrs);
  return {
    name: "conv2d input gradient",
    operands: [kernel, cotangent],
    batch: s.groups,
    rows: [s.gc],
    columns: [s.n, s.h, s.w],
    inner: [s.go, s.kh, s.kw],
    left: (z, [c = "0"], [o = "0", p = "0", q = "0"]) => ({ index: weightIndex(s, z, o, [c, p, q]), inside: null }),
    right: (z, [n = "0", y = "0", x = "0"], [o = "0", p = "0", q = "0"]) => {
      const i = `(${y} + ${s.top} - ${p} * ${s.dh})`;
      const j = `(${x} + ${s.left} - ${q} * ${s.dw})`;
      const steps = (at: string, step: number): readonly string[] => (step === 1 ? [] : [`${at} % ${step} == 0`]);
      const by = (at: string, step: number): string => (step === 1 ? at : `(${at} / ${step})`);
      const inside = [
        `${i} >= 0`,
        `${j} >= 0`,
        ...steps(i, s.sh),
        ...steps(j, s.sw),
        `${by(i, s.sh)} < ${s.oh}`,
        `${by(j, s.sw)} < ${s.ow}`,
      ].join(" && ");
      return {
        index: `((${n} * ${s.o} + ${z} * ${s.go} + ${o}) * ${s.oh} + ${by(i, s.sh)}) * ${s.ow} + ${by(j, s.sw)}`,
        inside: `(${inside})`,
      };
    },
    output: (z, [c = "0"], [n = "0", y = "0", x = "0"]) => `((${n} * ${s.c} + ${z} * ${s.gc} + ${c}) * ${s.h} + ${y}) * ${s.w} + ${x}`,
  };
}

/** dw[o, c, p, q] = Σ over n, i, j of dy[n, o, i, j] * x[n, c, i s + p d - top, j s + q d - left]. */
export function weightGradContraction(
  { x: { x, ct }, attrs: { weightShape, ...attrs } }: LibraryCall<"conv2dWeightGrad">,
  [input, cotangent]: readonly [Operand, Operand],
): Contraction {
  const s = sizesOf(x.shape, weightShape, ct.shape, attrs);
  return {
    name: "conv2d weight gradient",
    operands: [cotangent, input],
    batch: s.groups,
    rows: [s.go],
    columns: [s.gc, s.kh, s.kw],
    inner: [s.n, s.oh, s.ow],
    left: (z, [o = "0"], [n = "0", i = "0", j = "0"]) => ({
      index: `((${n} * ${s.o} + ${z} * ${s.go} + ${o}) * ${s.oh} + ${i}) * ${s.ow} + ${j}`,
      inside: null,
    }),
    right: (z, [c = "0", p = "0", q = "0"], [n = "0", i = "0", j = "0"]) => inputFactor(s, n, `${z} * ${s.gc} + ${c}`, tap(s, i, p, j, q)),
    output: (z, [o = "0"], [c = "0", p = "0", q = "0"]) => weightIndex(s, z, o, [c, p, q]),
  };
}

function weightIndex(s: Sizes, z: string, o: string, [c = "0", p = "0", q = "0"]: readonly string[]): string {
  return `(((${z} * ${s.go} + ${o}) * ${s.gc} + ${c}) * ${s.kh} + ${p}) * ${s.kw} + ${q}`;
}

/** The input's row and column that tap (p, q) of output pixel (i, j) reads, and whether they are inside. */
function tap(
  s: Sizes,
  i: string,
  p: string,
  j: string,
  q: string,
): { readonly y: string; readonly x: string; readonly inside: string | null } {
  const y = `(${i} * ${s.sh} + ${p} * ${s.dh} - ${s.top})`;
  const x = `(${j} * ${s.sw} + ${q} * ${s.dw} - ${s.left})`;
  const reaches = (outs: number, step: number, taps: number, spread: number, before: number, extent: number): boolean =>
    before > 0 || (outs - 1) * step + (taps - 1) * spread - before >= extent;
  const conditions = [
    ...(reaches(s.oh, s.sh, s.kh, s.dh, s.top, s.h) ? [`${y} >= 0 && ${y} < ${s.h}`] : []),
    ...(reaches(s.ow, s.sw, s.kw, s.dw, s.left, s.w) ? [`${x} >= 0 && ${x} < ${s.w}`] : []),
  ];
  return { y, x, inside: conditions.length === 0 ? null : `(${conditions.join(" && ")})` };
}

function inputFactor(
  s: Sizes,
  n: string,
  c: string,
  { y, x, inside }: ReturnType<typeof tap>,
): { readonly index: string; readonly inside: string | null } {
  return { index: `((${n} * ${s.c} + ${c}) * ${s.h} + ${y}) * ${s.w} + ${x}`, inside };
}

function sizesOf(
  input: Shape,
  weight: Shape,
  output: Shape,
  { stride, padding, dilation, groups }: Pick<LibraryCall<"conv2d">["attrs"], "stride" | "padding" | "dilation" | "groups">,
): Sizes {
  const [n = 1, c = 1, h = 1, w = 1] = input;
  const [o = 1, gc = 1, kh = 1, kw = 1] = weight;
  const [, , oh = 1, ow = 1] = output;
  const [sh = 1, sw = 1] = stride;
  const [dh = 1, dw = 1] = dilation;
  const [top = 0, left = 0] = padding;
  return { n, c, h, w, o, kh, kw, oh, ow, groups, gc, go: o / groups, sh, sw, dh, dw, top, left };
}
