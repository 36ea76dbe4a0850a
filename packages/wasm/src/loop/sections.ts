import { axisIndex, type IndexExpression, type Scalar, ScalarBuilder } from "@gradus/tensor";
import type { Body } from "./pass.ts";
import { withAxes } from "./rewrite.ts";
import { costOf, type LoopShape } from "./shape.ts";

/** A map's elements in runs along one axis, within each of which every question about that axis has one answer: the pieces of a join. */
export interface Sections {
  readonly axis: number;
  readonly runs: readonly { readonly low: number; readonly high: number; readonly body: Body }[];
}

/** Each run is code of its own. */
const mostRuns = 8;

/** The sections of a map along the one axis it asks about; null where it asks about none, or several, or asking costs little. */
export function sectionsOf({ step }: LoopShape): Sections | null {
  const { extents, terms, writes } = step;
  if (terms.length > 0) return null;
  const values = writes.map(({ value }) => value);
  const cuts = cutsOf(values);
  const [axis, ...others] = cuts.keys();
  if (axis === undefined || others.length > 0) return null;
  const extent = extents[axis] ?? 1;
  const starts = [0, ...[...(cuts.get(axis) ?? [])].filter((cut) => cut > 0 && cut < extent).sort((a, b) => a - b)];
  if (starts.length < 2 || starts.length > mostRuns) return null;
  const runs = starts.map((low, i) => {
    const high = starts[i + 1] ?? extent;
    const s = new ScalarBuilder();
    const axes = extents.map((size, each) => (each === axis ? axisIndex(axis, high, low) : axisIndex(each, size)));
    const body: Body = { step, taps: null, writes: [values.map((value) => withAxes(s, value, axes))], inTurn: false };
    return { low, high, body };
  });
  const cost = runs.reduce((sum, { low, high, body }) => sum + (high - low) * costOf(body.writes.flat()), 0);
  return cost < 0.7 * extent * costOf(values) ? { axis, runs } : null;
}

/** Where along each axis the answer to a comparison of its index with a constant changes. */
function cutsOf(roots: readonly Scalar[]): ReadonlyMap<number, ReadonlySet<number>> {
  const cuts = new Map<number, Set<number>>();
  const seen = new Set<Scalar>();
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar) || scalar.kind !== "call") return;
    seen.add(scalar);
    scalar.args.forEach(visit);
    if (scalar.leaf !== "less" && scalar.leaf !== "lessEqual") return;
    const [a, b] = scalar.args;
    const [index, bound] = a?.kind === "index" ? [a, b] : [b, a];
    if (index?.kind !== "index" || bound?.kind !== "constant") return;
    const axis = axisOf(index.of);
    if (axis === null) return;
    // i < c and c <= i change at c, i <= c and c < i behind it.
    const behind = (scalar.leaf === "lessEqual") === (index === a) ? 1 : 0;
    const known = cuts.get(axis) ?? new Set();
    cuts.set(axis, known.add(bound.value - index.of.constant + behind));
  };
  roots.forEach(visit);
  return cuts;
}

/** The axis an expression is the index of, but for a constant. */
function axisOf({ terms }: IndexExpression): number | null {
  const [term, ...others] = terms;
  return term?.atom.kind === "axis" && term.coefficient === 1 && others.length === 0 ? term.atom.axis : null;
}
