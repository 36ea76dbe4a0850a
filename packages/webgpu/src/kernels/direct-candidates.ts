import type { Epilogue } from "@gradus/compile";
import type { Candidate } from "../kernel-table.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import { type Axis, backwardAxis, columnsOf, forwardAxis, rowsOf, runsOf } from "./direct-axis.ts";
import { type DirectConvolution, directConvolution } from "./direct-convolution.ts";
import { directWeightGradient } from "./direct-weight-gradient.ts";
import type { Operand } from "./kernel.ts";

/** Channels of a group, at most: more are better multiplied in tiles. */
const mostChannels = 8;
/** Taps of a window that an invocation keeps in registers, and products that are written out, at most. */
const mostTaps = 49;
const mostProducts = 400;
/** Invocations that keep a device busy. */
const busy = 65_536;
/** Outputs of an invocation: along a row, and rows. */
const across = 4;
const down = [4, 2, 1] as const;

/** The convolution, with few channels a group: the block of outputs that the shape suggests first. */
export function directForward(s: ConvolutionSteps, epilogue: Epilogue | null): readonly Candidate[] {
  const block = (rows: number, columns: number): readonly [Axis, Axis] => [
    forwardAxis(rowsOf(s), rows),
    forwardAxis(columnsOf(s), columns),
  ];
  return directCandidates(s, epilogue, block, {
    name: "conv2d",
    inner: s.gc,
    outer: s.go,
    window: (z, o, c) => `(${z} * ${s.go} + ${o}) * ${s.gc} + ${c}`,
  });
}

/** Its input gradient. */
export function directInputGrad(s: ConvolutionSteps, epilogue: Epilogue | null): readonly Candidate[] {
  const block = (height: number, width: number): readonly [Axis, Axis] | null => {
    const rows = backwardAxis(rowsOf(s), height);
    const columns = backwardAxis(columnsOf(s), width);
    return rows === null || columns === null ? null : [rows, columns];
  };
  return directCandidates(s, epilogue, block, {
    name: "conv2d input gradient",
    inner: s.go,
    outer: s.gc,
    window: (z, c, o) => `(${z} * ${s.go} + ${o}) * ${s.gc} + ${c}`,
  });
}

/** And its weight gradient. */
export function directWeightGrad(s: ConvolutionSteps, epilogue: Epilogue | null): readonly Candidate[] {
  const kernels: Candidate["kernels"] = ({ reads: [x = 0, ct = 0], write }) =>
    directWeightGradient(s, [buffer(x), buffer(ct)], { epilogue, write });
  return applies(s) ? [{ name: "direct", kernels }] : [];
}

function directCandidates(
  s: ConvolutionSteps,
  epilogue: Epilogue | null,
  block: (rows: number, columns: number) => readonly [Axis, Axis] | null,
  convolution: Omit<DirectConvolution, "operands" | "sizes" | "rows" | "columns">,
): readonly Candidate[] {
  if (!applies(s)) return [];
  const blocks = down.flatMap((height) => {
    const axes = block(height, across);
    if (axes === null) return [];
    const [rows, columns] = axes;
    if (rows.products.length * columns.products.length > mostProducts) return [];
    const kernels: Candidate["kernels"] = ({ reads: [images = 0, weights = 0], write }) =>
      directConvolution({ ...convolution, sizes: s, rows, columns, operands: [buffer(images), buffer(weights)] }, { epilogue, write });
    const invocations = s.n * s.groups * convolution.outer * runsOf(rows) * runsOf(columns);
    return [{ invocations, candidate: { name: `direct ${height}x${across}`, kernels } }];
  });
  const suited = blocks.find(({ invocations }) => invocations >= busy) ?? blocks.at(-1);
  return suited === undefined ? [] : [suited, ...blocks.filter((each) => each !== suited)].map(({ candidate }) => candidate);
}

function applies(s: ConvolutionSteps): boolean {
  const isEmpty = s.n * s.c * s.h * s.w * s.o * s.oh * s.ow * s.kh * s.kw === 0;
  return !isEmpty && s.groups > 1 && Math.max(s.gc, s.go) <= mostChannels && s.kh * s.kw <= mostTaps;
}

function buffer(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
