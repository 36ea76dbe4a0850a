import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers, number } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { divIndex, modIndex, offsetIndex } from "../../scalar/index-expression.ts";
import type { Tensor } from "../../tensor.ts";
import { promote } from "../pointwise/define-pointwise.ts";
import { cast } from "../pointwise/cast.ts";
import { padFromInside } from "./pad-from-inside.ts";
import { full } from "../source/full.ts";
import { concat } from "./concat.ts";
import { paddedRead } from "./padded-read.ts";
import { sliceTo } from "./slice.ts";

/** Padding with gaps between elements, which makes it the transpose of slicing with steps. */
export const padOp = defineLoop<Tensor>()({
  name: "pad",
  inputs: { x: "one" },
  attrs: { before: integers, after: integers, between: integers, value: number },
  access: "view",
  infer: ({ x }, { before, after, between }, fail) => {
    if (![before, after, between].every(({ length }) => length === x.shape.length) || between.some((gap) => gap < 0)) {
      fail({ code: "shape/pad", sentence: `needs one number per axis for each of ${x.shape.length} axes, and no negative gap` });
    }
    const shape = x.shape.map((extent, axis) => (before[axis] ?? 0) + (after[axis] ?? 0) + spanOf(extent, between[axis] ?? 0));
    if (shape.some((extent) => extent < 0)) fail({ code: "shape/pad", sentence: `cropping leaves a negative size: [${shape.join(", ")}]` });
    return { shape, dtype: x.dtype };
  },
  body: ({ s, x: { x }, attrs: { before, between, value }, at }) => {
    const moved = at.map((index, axis) => offsetIndex(index, -(before[axis] ?? 0)));
    const onElement = moved.map((index, axis) => {
      const step = (between[axis] ?? 0) + 1;
      return step === 1 ? null : s.call("equal", s.index(modIndex(index, step)), s.constant("int32", 0));
    });
    const index = moved.map((position, axis) => divIndex(position, (between[axis] ?? 0) + 1));
    return paddedRead(s, x, index, value, s.all(onElement));
  },
  total: sideBySide,
  vjp: ({ x: { x }, ct, attrs: { before, after, between } }) => {
    const cropped = padWith(ct, { before: before.map((n) => -n), after: after.map((n) => -n), between: before.map(() => 0), value: 0 });
    return { x: sliceTo(cropped, { starts: x.shape.map(() => 0), steps: between.map((gap) => gap + 1), sizes: x.shape }) };
  },
});

interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly between: readonly number[];
  readonly value: number;
}

/**
 * `pad` as its row has it, skipped where it changes nothing.
 *
 * @internal
 */
export function padWith(x: Tensor, padding: Padding): Tensor {
  return [...padding.before, ...padding.after, ...padding.between].every((n) => n === 0) ? x : apply(padOp, { x }, padding);
}

export interface PadOptions {
  /** What is put around in mode "constant"; 0 when left out. */
  readonly value?: number;
  /**
   * What is put around: a constant (the default), the tensor mirrored at its edge without repeating the edge ("reflect"),
   * the edge itself ("replicate"), or the opposite side ("circular").
   */
  readonly mode?: PadMode;
}

export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/**
 * Puts something around a tensor: `amounts` has a pair [before, after] for each axis, the first axis first.
 * Fewer pairs than axes are about the last axes. Negative amounts crop. Integers padded with a fraction become float32.
 *
 * Example: `pad(image, [[2, 2], [2, 2]])` makes [n, c, 28, 28] into [n, c, 32, 32].
 *
 * @throws ArgumentError if there are more pairs than axes; ShapeError if cropping leaves less than nothing, or an axis is
 * too short to be mirrored or wrapped that far.
 */
export function pad(
  x: Tensor,
  amounts: readonly (readonly [before: number, after: number])[],
  { value = 0, mode = "constant" }: PadOptions = {},
): Tensor {
  if (amounts.length > x.rank) {
    throw new ArgumentError("argument/pad", `${amounts.length} pairs are more than the ${x.rank} axes`, {
      subject: "pad",
      facts: { x: String(x) },
    });
  }
  const all = [...x.shape.slice(amounts.length).map(() => [0, 0] as const), ...amounts];
  if (mode !== "constant") return padFromInside(x, all, mode);
  const dtype = x.dtype === "bool" ? "bool" : promote(x, value);
  return padWith(cast(x, dtype), {
    before: all.map(([before]) => before),
    after: all.map(([, after]) => after),
    between: all.map(() => 0),
    value,
  });
}

interface PaddedPart {
  readonly x: { readonly x: Tensor };
  readonly out: Tensor;
  readonly attrs: Padding;
}

/** Parts of one axis with zeros around, added up: the parts in their order, with zeros between. Null where they overlap. */
function sideBySide(parts: readonly PaddedPart[]): Tensor | null {
  const [{ out } = { out: undefined }] = parts;
  const moves = ({ before, after }: Padding, axis: number): boolean => before[axis] !== 0 || after[axis] !== 0;
  const axes = out?.shape.flatMap((_, axis) => (parts.some(({ attrs }) => moves(attrs, axis)) ? [axis] : [])) ?? [];
  const [axis] = axes;
  if (out === undefined || axis === undefined || axes.length > 1) return null;
  const plain = parts.every(
    ({ attrs: { before, after, between, value } }) =>
      value === 0 && (before[axis] ?? 0) >= 0 && (after[axis] ?? 0) >= 0 && between.every((gap) => gap === 0),
  );
  if (!plain) return null;
  const pieces: Tensor[] = [];
  let reached = 0;
  const fillTo = (start: number): void => {
    if (start > reached) pieces.push(full(out.shape.with(axis, start - reached), 0, { dtype: out.dtype }));
  };
  for (const { x, attrs } of parts.toSorted((a, b) => (a.attrs.before[axis] ?? 0) - (b.attrs.before[axis] ?? 0))) {
    const start = attrs.before[axis] ?? 0;
    if (start < reached) return null;
    fillTo(start);
    pieces.push(x.x);
    reached = start + (x.x.shape[axis] ?? 0);
  }
  fillTo(out.shape[axis] ?? 0);
  return concat(pieces, { axis });
}

/** Elements with their gaps: n of them, n - 1 gaps. */
function spanOf(extent: number, gap: number): number {
  return extent === 0 ? 0 : (extent - 1) * (gap + 1) + 1;
}
