import type { Epilogue } from "@gradus/compile";
import type { DType } from "@gradus/tensor";
import type { Candidate, KernelDevice } from "../kernel-table.ts";
import { suitedTile } from "./contraction-candidates.ts";
import { plainContraction } from "./contraction-plain.ts";
import { tiledContraction } from "./contraction-tiled.ts";
import { byAxes, byPosition, type Contraction, sizesOf } from "./contraction.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import { columnsOf, rowsOf, type WindowAxis } from "./direct-axis.ts";
import type { Operand } from "./kernel.ts";
import { sideBySide } from "./side-by-side.ts";

/** Every so manieth input along an axis, and the taps that reach those: all of them reach outputs, none the zeros between. */
interface Phase {
  /** Its first input, and how many it has. */
  readonly first: number;
  readonly count: number;
  /** Its first tap, from one to the next, and how many it has. */
  readonly tap: number;
  readonly tapStep: number;
  readonly taps: number;
  /** The output that its input i meets through its tap k: i + offset - k * spread. */
  readonly offset: number;
  readonly spread: number;
}

/** Phases from which they are not worth a kernel each. */
const mostPhases = 16;

/**
 * The input gradient of a strided convolution, a kernel for each place of an input between strides: each is a convolution of stride 1
 * with the taps that reach it. Not for results narrower than a word, which are finished by a kernel of their own.
 */
export function phasedInputGrad(s: ConvolutionSteps, dtype: DType, epilogue: Epilogue | null, device: KernelDevice): readonly Candidate[] {
  const phases = phasesOf(rowsOf(s)).flatMap((rows) => phasesOf(columnsOf(s)).map((columns) => ({ rows, columns })));
  const isEmpty = s.n * s.c * s.o * s.oh * s.ow === 0;
  if (isEmpty || s.sh * s.sw === 1 || phases.length > mostPhases || dtype !== "float32") return [];
  const kernels: Candidate["kernels"] = ({ reads: [ct = 0, weight = 0], write }) => {
    const ending = { epilogue, write };
    const all = phases.flatMap(({ rows, columns }) => {
      const contraction = phaseContraction(s, rows, columns, [buffer(weight), buffer(ct)]);
      const sizes = sizesOf(contraction);
      const suited = Math.min(sizes.rows, sizes.columns, sizes.inner) < 8 ? null : suitedTile(contraction, device);
      return suited === null ? plainContraction(contraction, ending) : tiledContraction(contraction, ending, suited.tile);
    });
    // All have the operands of any one of them.
    return sideBySide(all, () => true);
  };
  return [{ name: "by phase", kernels }];
}

function phasesOf({ input, taps, stride, dilation, before }: WindowAxis): readonly Phase[] {
  return Array.from({ length: Math.min(stride, input) }, (_, first) => {
    const reaching = Array.from({ length: taps }, (_, tap) => tap).filter((tap) => (first + before - tap * dilation) % stride === 0);
    const [tap = 0, next = tap] = reaching;
    const tapStep = next - tap;
    return {
      first,
      count: Math.ceil((input - first) / stride),
      tap,
      tapStep,
      taps: reaching.length,
      offset: reaching.length === 0 ? 0 : (first + before - tap * dilation) / stride,
      spread: (tapStep * dilation) / stride,
    };
  });
}

function phaseContraction(s: ConvolutionSteps, rows: Phase, columns: Phase, operands: readonly [Operand, Operand]): Contraction {
  const taps = s.kh * s.kw;
  const pixels = s.oh * s.ow;
  const leaves = ({ offset, spread, taps: count, count: inputs }: Phase, extent: number): boolean =>
    offset - (count - 1) * spread < 0 || inputs - 1 + offset >= extent;
  return {
    name: "conv2d input gradient by phase",
    operands,
    batch: s.groups,
    rows: [s.gc],
    columns: [s.n, rows.count, columns.count],
    inner: [s.go, rows.taps, columns.taps],
    left: (z) => ({
      outer: byPosition((c) => `${c} * ${taps}`),
      inner: byAxes(([o = "0", p = "0", q = "0"]) => ({
        base: `(${z} * ${s.go} + ${o}) * ${s.gc * taps} + (${rows.tap} + ${p} * ${rows.tapStep}) * ${s.kw} + ${columns.tap} + ${q} * ${columns.tapStep}`,
      })),
      window: null,
      along: "inner",
      inFours: false,
    }),
    right: (z) => ({
      outer: byAxes(([n = "0", y = "0", x = "0"]) => ({
        base: `(${n} * ${s.o} + ${z} * ${s.go}) * ${pixels}`,
        y: `${y} + ${rows.offset}`,
        x: `${x} + ${columns.offset}`,
      })),
      inner: byAxes(([o = "0", p = "0", q = "0"]) => ({
        base: `${o} * ${pixels}`,
        y: `- ${p} * ${rows.spread}`,
        x: `- ${q} * ${columns.spread}`,
      })),
      window: {
        height: s.oh,
        width: s.ow,
        down: 1,
        across: 1,
        overRows: leaves(rows, s.oh),
        overColumns: leaves(columns, s.ow),
      },
      along: "outer",
      inFours: false,
    }),
    output: (z) => ({
      row: byPosition((c) => `(${z} * ${s.gc} + ${c}) * ${s.h * s.w}`),
      column: byAxes(([n = "0", i = "0", j = "0"]) => ({
        base: `${n} * ${s.c * s.h * s.w} + (${i} * ${s.sh} + ${rows.first}) * ${s.w} + ${j} * ${s.sw} + ${columns.first}`,
      })),
      inFours: false,
    }),
  };
}

function buffer(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
