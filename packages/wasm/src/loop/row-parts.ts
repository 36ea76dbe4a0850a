import {
  axisIndex,
  type IndexExpression,
  leafCost,
  loadsOf,
  offsetIndex,
  type Scalar,
  ScalarBuilder,
  scalarUsesAxis,
  scaleIndex,
} from "@gradus/tensor";
import { laneOffsets } from "./lane-pattern.ts";
import type { Body } from "./pass.ts";
import { withAxes } from "./rewrite.ts";
import type { LoopShape } from "./shape.ts";

/**
 * A row of a map as its first vectors, its last ones, and those between. No edge is near those between, and where the others' lanes lie is
 * known, so that no lane has to be clamped by itself. Where neighbours read alike, as results of enlarging do, the lanes of a
 * vector are some elements apart: what they read adjoins, and as many vectors are put together as they are stored.
 */
export interface RowParts {
  readonly apart: Apart;
  readonly first: Body;
  readonly middle: Body;
  readonly last: Body;
  /** Where the last begin, in steps of `apart` elements. */
  readonly end: number;
}

const distances = [1, 2, 4] as const;
type Apart = (typeof distances)[number];

/** The cheapest such row, if it costs clearly less than the plain one. */
export function rowParts(shape: LoopShape): RowParts | null {
  const { step, inner, innerTiles } = shape;
  if (step.terms.length > 0 || innerTiles > 1) return null;
  const axis = step.extents.length - 1;
  const writes = step.writes.map(({ value }) => value);
  // Most maps read whole vectors, and are not worth a look at the others.
  if (vectorCost(writes, axis) <= leafCost(writes) + loadsOf(writes).length) return null;
  const alone = elementCost(writes);
  const plain = Math.floor(inner / 4) * vectorCost(writes, axis) + (inner % 4) * alone;
  let [least, best]: [number, RowParts | null] = [0.8 * plain, null];
  for (const apart of distances) {
    const vectors = inner % apart === 0 ? Math.floor(inner / apart / 4) : 0;
    if (vectors < 3) continue;
    const end = 4 * (vectors - 1);
    const [first, middle, last] = [bodyOf(shape, apart, 0, 4), bodyOf(shape, apart, 4, end), bodyOf(shape, apart, end, end + 4)];
    const cost =
      vectorCost(first.writes.flat(), axis, 0) +
      (vectors - 2) * vectorCost(middle.writes.flat(), axis) +
      vectorCost(last.writes.flat(), axis, end) +
      (apart > 1 ? vectors * apart : 0) +
      (inner - 4 * apart * vectors) * alone;
    if (cost < least) [least, best] = [cost, { apart, first, middle, last, end }];
  }
  return best;
}

/** The body of elements `apart`, from step `low` to below `high`. */
function bodyOf({ step }: LoopShape, apart: Apart, low: number, high: number): Body {
  const s = new ScalarBuilder();
  const steps = scaleIndex(axisIndex(step.extents.length - 1, high, low), apart);
  const rows = step.extents.slice(0, -1).map((extent, axis) => axisIndex(axis, extent));
  const part = (phase: number): Scalar[] => {
    const axes: IndexExpression[] = [...rows, offsetIndex(steps, phase)];
    return step.writes.map(({ value }) => withAxes(s, value, axes));
  };
  return { step, taps: null, writes: Array.from({ length: apart }, (_, phase) => part(phase)), inTurn: false, interleaved: true };
}

/** Instructions, about, of four lanes: what stays the same along them is not counted. */
function vectorCost(roots: readonly Scalar[], axis: number, position: number | null = null): number {
  const context = { axis, aligned: true, position, varies: () => true };
  const loads = loadsOf(roots).filter((load) => scalarUsesAxis(load, axis));
  return leafCost(roots) + loads.reduce((sum, { at, dtype }) => sum + loadCost(laneOffsets(at, context), dtype === "float32"), 0);
}

function loadCost(offsets: readonly number[] | null, wide: boolean): number {
  if (offsets === null) return 16;
  const pattern = offsets.join();
  if (pattern === "0,1,2,3" || pattern === "0,0,0,0") return 1;
  if (pattern === "0,2,4,6") return 3;
  return wide && Math.max(...offsets) - Math.min(...offsets) < 4 ? 2.5 : 8;
}

function elementCost(roots: readonly Scalar[]): number {
  return leafCost(roots) + 2 * loadsOf(roots).length;
}
