import type { LibraryCall } from "@gradus/compile";
import { byAxes, byPosition, type Contraction, type Factor, type Output, type Place, type Window } from "./contraction.ts";
import { type ConvolutionSteps, forwardSizes, inputGradSizes, weightGradSizes } from "./conv2d-sizes.ts";
import type { Operand } from "./kernel.ts";

/** y[n, o, i, j] = Σ over c, p, q of w[o, c, p, q] * x[n, c, i s + p d - top, j s + q d - left]. */
export function conv2dContraction(call: LibraryCall<"conv2d">, [input, kernel]: readonly [Operand, Operand]): Contraction {
  const s = forwardSizes(call);
  const products = s.gc * s.kh * s.kw;
  return {
    name: "conv2d",
    operands: [kernel, input],
    batch: s.groups,
    rows: [s.go],
    columns: [s.n, s.oh, s.ow],
    inner: [s.gc, s.kh, s.kw],
    left: (z) => ({
      outer: byPosition((o) => `(${z} * ${s.go} + ${o}) * ${products}`),
      inner: byPosition((k) => k),
      window: null,
      along: "inner",
      inFours: products % 4 === 0,
    }),
    right: (z) => ({
      ...windowed(s, { outer: (names) => pixel(s, z, names), inner: ([c = "0", p = "0", q = "0"]) => tap(s, c, p, q) }),
      along: "outer",
    }),
    output: (z) => images(s.o, s.oh * s.ow, (o) => `${z} * ${s.go} + ${o}`, s.ow),
  };
}

/** dx[n, c, y, x] = Σ over o, p, q of w[o, c, p, q] * dy[n, o, i, j] where i s + p d - top = y, and so for j. */
export function inputGradContraction(call: LibraryCall<"conv2dInputGrad">, [cotangent, kernel]: readonly [Operand, Operand]): Contraction {
  const s = inputGradSizes(call);
  const taps = s.kh * s.kw;
  const window: Window = { height: s.oh, width: s.ow, down: s.sh, across: s.sw, overRows: true, overColumns: true };
  return {
    name: "conv2d input gradient",
    operands: [kernel, cotangent],
    batch: s.groups,
    rows: [s.gc],
    columns: [s.n, s.h, s.w],
    inner: [s.go, s.kh, s.kw],
    left: (z) => ({
      outer: byPosition((c) => `${c} * ${taps}`),
      inner: byAxes(([o = "0", p = "0", q = "0"]) => ({
        base: `(${z} * ${s.go} + ${o}) * ${s.gc * taps} + ${p} * ${s.kw} + ${q}`,
      })),
      window: null,
      along: taps === 1 ? "outer" : "inner",
      inFours: taps === 1 && s.gc % 4 === 0,
    }),
    right: (z) => {
      const outer = ([n = "0", y = "0", x = "0"]: readonly string[]): Place => ({
        base: `(${n} * ${s.o} + ${z} * ${s.go}) * ${s.oh * s.ow}`,
        y: `${y} + ${s.top}`,
        x: `${x} + ${s.left}`,
      });
      const inner = ([o = "0", p = "0", q = "0"]: readonly string[]): Place => ({
        base: `${o} * ${s.oh * s.ow}`,
        y: `- ${p} * ${s.dh}`,
        x: `- ${q} * ${s.dw}`,
      });
      if (!isPointwise(s)) return { outer: byAxes(outer), inner: byAxes(inner), window, along: "outer", inFours: false };
      return { ...flattened(s.ow, outer, inner), window: null, along: "outer", inFours: (s.oh * s.ow) % 4 === 0 };
    },
    output: (z) => images(s.c, s.h * s.w, (c) => `${z} * ${s.gc} + ${c}`, s.w),
  };
}

/** dw[o, c, p, q] = Σ over n, i, j of dy[n, o, i, j] * x[n, c, i s + p d - top, j s + q d - left]. */
export function weightGradContraction(call: LibraryCall<"conv2dWeightGrad">, [input, cotangent]: readonly [Operand, Operand]): Contraction {
  const s = weightGradSizes(call);
  const pixels = s.oh * s.ow;
  const products = s.gc * s.kh * s.kw;
  return {
    name: "conv2d weight gradient",
    operands: [cotangent, input],
    batch: s.groups,
    rows: [s.go],
    columns: [s.gc, s.kh, s.kw],
    inner: [s.n, s.oh, s.ow],
    left: (z) => ({
      outer: byPosition((o) => `(${z} * ${s.go} + ${o}) * ${pixels}`),
      inner: byAxes(([n = "0", i = "0", j = "0"]) => ({ base: `${n} * ${s.o * pixels} + ${i} * ${s.ow} + ${j}` })),
      window: null,
      along: "inner",
      inFours: pixels % 4 === 0,
    }),
    right: (z) => ({
      ...windowed(s, { outer: ([c = "0", p = "0", q = "0"]) => tap(s, c, p, q), inner: (names) => pixel(s, z, names) }),
      along: "inner",
    }),
    output: (z) => ({
      row: byPosition((o) => `(${z} * ${s.go} + ${o}) * ${products}`),
      column: byPosition((k) => k),
      inFours: products % 4 === 0,
    }),
  };
}

/** What output pixel (i, j) of image n gives to the place in the input that it reads, in group z. */
function pixel(s: ConvolutionSteps, z: string, [n = "0", i = "0", j = "0"]: readonly string[]): Place {
  return {
    base: `(${n} * ${s.c} + ${z} * ${s.gc}) * ${s.h * s.w}`,
    y: `${i} * ${s.sh} - ${s.top}`,
    x: `${j} * ${s.sw} - ${s.left}`,
  };
}

/** And what tap (p, q) of channel c gives. */
function tap(s: ConvolutionSteps, c: string, p: string, q: string): Place {
  return { base: `${c} * ${s.h * s.w}`, y: `${p} * ${s.dh}`, x: `${q} * ${s.dw}` };
}

type FromAxes = (names: readonly string[]) => Place;

/** The input as taps at pixels see it: through a window where any of them lies outside. */
function windowed(s: ConvolutionSteps, { outer, inner }: { readonly outer: FromAxes; readonly inner: FromAxes }): Omit<Factor, "along"> {
  const reaches = (outs: number, step: number, taps: number, spread: number, before: number, extent: number): boolean =>
    before > 0 || (outs - 1) * step + (taps - 1) * spread - before >= extent;
  const overRows = reaches(s.oh, s.sh, s.kh, s.dh, s.top, s.h);
  const overColumns = reaches(s.ow, s.sw, s.kw, s.dw, s.left, s.w);
  if (!overRows && !overColumns) {
    return { ...flattened(s.w, outer, inner), window: null, inFours: isPointwise(s) && (s.h * s.w) % 4 === 0 };
  }
  return {
    outer: byAxes(outer),
    inner: byAxes(inner),
    window: { height: s.h, width: s.w, down: 1, across: 1, overRows, overColumns },
    inFours: false,
  };
}

/** Sides of a factor that never reads outside its images of a width: rows and columns go into the base. */
function flattened(width: number, outer: FromAxes, inner: FromAxes): Pick<Factor, "outer" | "inner"> {
  const flat = (place: FromAxes) =>
    byAxes((names) => {
      const { base, y, x } = place(names);
      return { base: `${base} + (${y}) * ${width} + ${x}` };
    });
  return { outer: flat(outer), inner: flat(inner) };
}

/** Whether each output pixel reads the input pixel of its own place. */
function isPointwise(s: ConvolutionSteps): boolean {
  return s.kh * s.kw === 1 && s.sh === 1 && s.sw === 1 && s.top === 0 && s.left === 0 && s.h === s.oh && s.w === s.ow;
}

/** Images [n, channels, height, width] as rows of channels and columns of pixels. */
function images(channels: number, pixels: number, channel: (row: string) => string, width: number): Output {
  return {
    row: byPosition((row) => `(${channel(row)}) * ${pixels}`),
    column: byAxes(([n = "0", i = "0", j = "0"]) => ({ base: `${n} * ${channels * pixels} + ${i} * ${width} + ${j}` })),
    inFours: pixels % 4 === 0,
  };
}
