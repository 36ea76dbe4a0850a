import type { ShaderMemory } from "../wgsl/memory.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";

/** One axis of a sum over windows, where an invocation computes a run of neighbouring outputs. */
export interface Axis {
  readonly outputs: number;
  readonly inputs: number;
  /** Outputs of a run, and inputs from the start of a run to that of the next. */
  readonly run: number;
  readonly step: number;
  readonly products: readonly Product[];
}

/** Output `lane` of a run takes the input at `offset` from the run's start through a tap of the window. */
export interface Product {
  readonly lane: number;
  readonly tap: number;
  readonly offset: number;
}

/** An axis of a convolution: its input's and its output's extent there, and how windows go over it. */
export interface WindowAxis {
  readonly input: number;
  readonly output: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

/** How the windows of a convolution go down its images. */
export function rowsOf(s: ConvolutionSteps): WindowAxis {
  return { input: s.h, output: s.oh, taps: s.kh, stride: s.sh, dilation: s.dh, before: s.top };
}

/** And across them. */
export function columnsOf(s: ConvolutionSteps): WindowAxis {
  return { input: s.w, output: s.ow, taps: s.kw, stride: s.sw, dilation: s.dw, before: s.left };
}

/** Outputs from inputs: output i takes input i * stride + tap * dilation - before. */
export function forwardAxis({ input, output, taps, stride, dilation, before }: WindowAxis, run: number): Axis {
  const products = pairs(run, taps).map(({ lane, tap }) => ({ lane, tap, offset: lane * stride + tap * dilation - before }));
  return { outputs: output, inputs: input, run, step: run * stride, products };
}

/**
 * Inputs' cotangents from outputs': where a run is whole strides, each lane always has the same taps, and none of them meets a row
 * of zeros. Null where it is not.
 */
export function backwardAxis({ input, output, taps, stride, dilation, before }: WindowAxis, run: number): Axis | null {
  if (run % stride !== 0) return null;
  const products = pairs(run, taps).flatMap(({ lane, tap }) => {
    const distance = lane + before - tap * dilation;
    return distance % stride === 0 ? [{ lane, tap, offset: distance / stride }] : [];
  });
  return { outputs: input, inputs: output, run, step: run / stride, products };
}

export function runsOf({ outputs, run }: Axis): number {
  return Math.ceil(outputs / run);
}

/** What runs read, from their start on, in order. */
export function offsetsOf({ products }: Axis): readonly number[] {
  return [...new Set(products.map(({ offset }) => offset))].toSorted((a, b) => a - b);
}

/** Whether some run reads beyond the inputs. */
export function leavesInputs(axis: Axis): boolean {
  const offsets = offsetsOf(axis);
  return (offsets[0] ?? 0) < 0 || (runsOf(axis) - 1) * axis.step + (offsets.at(-1) ?? 0) >= axis.inputs;
}

/** Reads what a run along a row needs of it. */
export interface RowReader {
  /** Once for each run. */
  readonly begin: string;
  /** For the row whose first element has this position: a name, made of `row`, for the value at each offset. */
  readonly read: (start: string, row: string) => string;
  readonly value: (offset: number, row: string) => string;
}

/** Reads rows of an operand along `axis` in vectors where all of them are aligned; `first` is the position in the row of the run's start. */
export function rowReader(memory: ShaderMemory, operand: number, axis: Axis, first: string): RowReader {
  const { inputs, step } = axis;
  const offsets = offsetsOf(axis);
  const inVectors = inputs % 4 === 0 && step % 4 === 0 && memory.asVectors(operand);
  const unit = inVectors ? 4 : 1;
  const places = [...new Set(offsets.map((offset) => Math.floor(offset / unit) * unit))];
  const isGuarded = leavesInputs(axis);
  const name = (place: number): string => (place < 0 ? `M${-place}` : `P${place}`);
  return {
    // A negative number is a large one without its sign.
    begin: isGuarded ? places.map((place) => `let ${first}Has${name(place)} = u32(${first} + ${place}) < ${inputs}u;`).join("\n") : "",
    read: (start, row) =>
      places
        .map((place) => {
          const index = `${start} + ${first} + ${place}`;
          const load = (at: string): string => (inVectors ? memory.loadVector(operand, `(${at}) / 4`) : memory.load(operand, at));
          const has = `${first}Has${name(place)}`;
          const zero = inVectors ? "vec4<f32>()" : "0.0f";
          return `let ${row}${name(place)} = ${isGuarded ? `select(${zero}, ${load(`select(0, ${index}, ${has})`)}, ${has})` : load(index)};`;
        })
        .join("\n"),
    value(offset, row) {
      const place = Math.floor(offset / unit) * unit;
      return `${row}${name(place)}${inVectors ? `.${"xyzw"[offset - place]}` : ""}`;
    },
  };
}

function pairs(lanes: number, taps: number): readonly { readonly lane: number; readonly tap: number }[] {
  return Array.from({ length: lanes * taps }, (_, i) => ({ lane: Math.floor(i / taps), tap: i % taps }));
}
