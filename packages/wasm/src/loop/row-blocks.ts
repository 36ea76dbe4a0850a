import type { LoopStep } from "@gradus/compile";
import { addIndex, axisIndex, ScalarBuilder, scaleIndex, sizeOf } from "@gradus/tensor";
import { withAxes } from "./rewrite.ts";

/** How the steps of a sweep are cut into tiles: `rows` runs of equally many parallel positions, of which a tile takes `perTile`. */
export interface RowBlocks {
  readonly rows: number;
  readonly perTile: number;
}

/** The step with its last parallel axis in two where rows end within it and it is not the only one: a tile is then whole rows of the loops. */
export function cutWhereRowsEnd(step: LoopStep, rows: number): LoopStep {
  const { extents, reduce } = step;
  const last = extents.length - 1;
  const inner = extents[last] ?? 1;
  const perRow = sizeOf(extents) / rows;
  if (last < 1 || perRow % inner === 0) return step;
  const outer = inner / perRow;
  const s = new ScalarBuilder();
  const axes = [...extents, ...reduce].map((extent, axis) => axisIndex(axis > last ? axis + 1 : axis, extent));
  axes[last] = addIndex(scaleIndex(axisIndex(last, outer), perRow), axisIndex(last + 1, perRow));
  return {
    ...step,
    extents: [...extents.slice(0, last), outer, perRow],
    terms: step.terms.map(({ combine, value }) => ({ combine, value: withAxes(s, value, axes) })),
    writes: step.writes.map(({ buffer, value }) => ({ buffer, value: withAxes(s, value, axes) })),
  };
}
