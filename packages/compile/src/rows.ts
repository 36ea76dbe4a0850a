import {
  addIndex,
  axisIndex,
  constantIndex,
  type IndexExpression,
  scaleIndex,
  type Shape,
  sizeOf,
  substituteAxes,
  walkPrograms,
} from "@gradus/tensor";
import type { BufferId, LoopStep } from "./plan.ts";

/** A step's parallel axes with the rows apart: `axes` are the step's own indices, of which `row` is the number of the row. */
export interface RowAxes {
  readonly row: IndexExpression;
  readonly axes: readonly IndexExpression[];
}

/**
 * How parallel positions fall into `rows` runs of equal length: rows are whole leading axes, or these and equal parts of the
 * next one. Null where runs of that length cut an axis at places that differ from index to index.
 */
export function rowAxes(extents: Shape, reduce: Shape, rows: number): RowAxes | null {
  const axes = [...extents, ...reduce].map((extent, axis) => axisIndex(axis, extent));
  let row = constantIndex(0);
  let left = rows;
  for (let axis = 0; left > 1; axis++) {
    const extent = extents[axis];
    if (extent === undefined) return null;
    const taken = Math.min(left, extent);
    if (left % taken !== 0 || extent % taken !== 0) return null;
    const outer = axisIndex(axis, taken);
    row = addIndex(scaleIndex(row, taken), outer);
    const inner = extent / taken;
    if (inner > 1) axes[axis] = addIndex(scaleIndex(outer, inner), axisIndex(axes.length, inner));
    left /= taken;
    if (inner > 1 && left > 1) return null;
  }
  return { row, axes };
}

/** Whether all that a step reads of a buffer of `elements` lies in the part of it that is the row's it computes. */
export function readsOwnRow(step: LoopStep, buffer: BufferId, elements: number, rows: number): boolean {
  if (elements % rows !== 0) return false;
  const split = rowAxes(step.extents, step.reduce, rows);
  if (split === null) return false;
  const share = elements / rows;
  const start = scaleIndex(split.row, -share);
  return addressesOf(step, buffer).every((at) => {
    const inRow = addIndex(
      substituteAxes(at, split.axes, (value) => value),
      start,
    );
    return inRow.min >= 0 && inRow.max < share;
  });
}

/** Where a step reads a buffer, each place once. */
function addressesOf({ terms, writes, reads }: LoopStep, buffer: BufferId): readonly IndexExpression[] {
  const found = new Map<string, IndexExpression>();
  const roots = [...terms, ...writes].map(({ value }) => value);
  walkPrograms(roots, {
    scalar: (scalar) => {
      if (scalar.kind === "load" && reads[scalar.buffer] === buffer) found.set(scalar.at.key, scalar.at);
    },
  });
  return [...found.values()];
}

/** Runs into which a step's parallel positions can be cut, the shortest first: products of leading extents. */
export function rowCounts({ extents }: LoopStep): readonly number[] {
  const counts: number[] = [];
  let rows = 1;
  for (const extent of extents) {
    rows *= extent;
    if (rows > 1 && rows !== counts[0]) counts.unshift(rows);
  }
  return counts;
}

/** Whether a step's results fall into `rows` rows. */
export function fallsInRows(step: LoopStep, rows: number): boolean {
  return sizeOf(step.extents) > 0 && rowAxes(step.extents, step.reduce, rows) !== null;
}
