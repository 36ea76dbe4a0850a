import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { concat } from "./concat.ts";
import { flip } from "./flip.ts";
import { replicateEdge } from "./replicate-edge.ts";
import { narrow } from "./slice.ts";

type Inside = "reflect" | "replicate" | "circular";

/** How far each mode can reach along an axis of `extent` elements. */
const reach: Readonly<Record<Inside, (extent: number) => number>> = {
  reflect: (extent) => extent - 1,
  replicate: (extent) => (extent === 0 ? 0 : Infinity),
  circular: (extent) => extent,
};

/**
 * Padding with the tensor's own elements, one axis after the other: what is put around is a view, so it costs a read.
 *
 * @internal
 */
export function padFromInside(x: Tensor, amounts: readonly (readonly [before: number, after: number])[], mode: Inside): Tensor {
  if (!Object.hasOwn(reach, mode)) {
    throw new ArgumentError("argument/pad-mode", `mode "${mode}" is not known`, {
      subject: "pad",
      hint: 'use "constant", "reflect", "replicate" or "circular"',
    });
  }
  return amounts.reduce((padded, [before, after], axis) => padAxis(padded, axis, before, after, mode), x);
}

function padAxis(x: Tensor, axis: number, before: number, after: number, mode: Inside): Tensor {
  const extent = x.shape[axis] ?? 1;
  const most = reach[mode](extent);
  if (before > most || after > most || extent + Math.min(before, 0) + Math.min(after, 0) < 0) {
    throw new ShapeError("shape/pad", `${extent} elements along axis ${axis} cannot be padded by ${before} and ${after} in mode ${mode}`, {
      subject: "pad",
      facts: { x: String(x) },
    });
  }
  if (mode === "replicate")
    return narrow(replicateEdge(x, axis, Math.max(0, before), Math.max(0, after)), axis, Math.max(0, -before), extent + before + after);
  const part = (start: number, length: number): Tensor => narrow(x, axis, start, length);
  const cut = Math.max(0, -before);
  const kept = part(cut, extent - cut - Math.max(0, -after));
  const low = (length: number): Tensor => (mode === "circular" ? part(extent - length, length) : flip(part(1, length), axis));
  const high = (length: number): Tensor => (mode === "circular" ? part(0, length) : flip(part(extent - 1 - length, length), axis));
  const parts = [...(before > 0 ? [low(before)] : []), kept, ...(after > 0 ? [high(after)] : [])];
  return parts.length === 1 ? kept : concat(parts, { axis });
}
