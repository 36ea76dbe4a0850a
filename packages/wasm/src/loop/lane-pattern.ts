import type { IndexAtom, IndexExpression } from "@gradus/tensor";

/** How far each of four lanes' index lies from lane 0's. */
export type LaneOffsets = readonly [number, number, number, number];

/** What must be known to tell the lanes apart at emission time. */
export interface LaneContext {
  /** The axis whose value grows by one from lane to lane. */
  readonly axis: number;
  /** Whether lane 0's value of it is always a multiple of 4, which makes divisions by 2 and 4 predictable. */
  readonly aligned: boolean;
  /** Lane 0's value of it where it is known at emission time, else null. */
  readonly position: number | null;
  /** Whether an index read from data may differ between lanes. */
  readonly varies: (atom: Extract<IndexAtom, { kind: "value" }>) => boolean;
}

/** The lanes' offsets from lane 0 if they are the same at every position, else null. */
export function laneOffsets(expression: IndexExpression, context: LaneContext): LaneOffsets | null {
  let total: LaneOffsets = [0, 0, 0, 0];
  for (const { atom, coefficient } of expression.terms) {
    const offsets = atomOffsets(atom, context);
    if (offsets === null) return null;
    total = combine(total, offsets, (sum, offset) => sum + coefficient * offset);
  }
  return total;
}

/** The lanes' values if they are the same at every position, as those of a remainder by 2 or 4 along the lanes are; else null. */
export function laneConstants({ constant, terms }: IndexExpression, context: LaneContext): LaneOffsets | null {
  const values = laneValues({ constant, terms }, context);
  if (values !== null) return values;
  let total: LaneOffsets = [constant, constant, constant, constant];
  for (const { atom, coefficient } of terms) {
    const inner = atom.kind === "mod" ? laneOffsets(atom.of, context) : null;
    const residue = atom.kind === "mod" ? staticResidue(atom.of, atom.by, context) : null;
    if (atom.kind !== "mod" || inner === null || residue === null) return null;
    total = combine(total, inner, (sum, offset) => sum + coefficient * positiveModulo(residue + offset, atom.by));
  }
  return total;
}

/** The lanes' values of an expression in nothing but their axis, where its position is known. */
function laneValues({ constant, terms }: Pick<IndexExpression, "constant" | "terms">, context: LaneContext): LaneOffsets | null {
  let total: LaneOffsets = [constant, constant, constant, constant];
  for (const { atom, coefficient } of terms) {
    const values = atomValues(atom, context);
    if (values === null) return null;
    total = combine(total, values, (sum, value) => sum + coefficient * value);
  }
  return total;
}

function atomValues(atom: IndexAtom, context: LaneContext): LaneOffsets | null {
  const { axis, position } = context;
  if (position === null || atom.kind === "value") return null;
  if (atom.kind === "axis") return atom.axis === axis ? [position, position + 1, position + 2, position + 3] : null;
  const inner = laneValues(atom.of, context);
  if (inner === null) return null;
  return combine(inner, inner, (value) => {
    if (atom.kind === "clamp") return Math.min(Math.max(value, atom.low), atom.high);
    return atom.kind === "div" ? Math.floor(value / atom.by) : positiveModulo(value, atom.by);
  });
}

function atomOffsets(atom: IndexAtom, context: LaneContext): LaneOffsets | null {
  const values = atomValues(atom, context);
  if (values !== null) return combine(values, values, (value) => value - values[0]);
  switch (atom.kind) {
    case "axis":
      return atom.axis === context.axis ? [0, 1, 2, 3] : [0, 0, 0, 0];
    case "value":
      return context.varies(atom) ? null : [0, 0, 0, 0];
    case "clamp": {
      const inner = laneOffsets(atom.of, context);
      return inner?.every((offset) => offset === 0) === true ? inner : null;
    }
    case "div":
    case "mod": {
      const inner = laneOffsets(atom.of, context);
      if (inner === null) return null;
      if (inner.every((offset) => offset === 0)) return inner;
      const residue = staticResidue(atom.of, atom.by, context);
      if (residue === null) return null;
      const { by } = atom;
      if (atom.kind === "div") return combine(inner, inner, (offset) => Math.floor((residue + offset) / by));
      return combine(inner, inner, (offset) => positiveModulo(residue + offset, by) - residue);
    }
  }
  atom satisfies never;
  return null;
}

/** Lane 0's remainder by `by`, if it is the same at every position. */
function staticResidue(expression: IndexExpression, by: number, context: LaneContext): number | null {
  for (const { atom, coefficient } of expression.terms) {
    if (coefficient % by === 0) continue;
    const onVector = atom.kind === "axis" && atom.axis === context.axis;
    if (!onVector || !context.aligned || (coefficient * 4) % by !== 0) return null;
  }
  return positiveModulo(expression.constant, by);
}

function combine(a: LaneOffsets, b: LaneOffsets, join: (x: number, y: number) => number): LaneOffsets {
  return [join(a[0], b[0]), join(a[1], b[1]), join(a[2], b[2]), join(a[3], b[3])];
}

function positiveModulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
