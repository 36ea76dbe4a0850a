import {
  addIndex,
  constantIndex,
  type IndexExpression,
  type IndexTerm,
  type Scalar,
  type ScalarBuilder,
  scaleIndex,
  substituteAxes,
} from "@gradus/tensor";

/** The same program with every axis replaced, and accumulators renumbered. */
export function withAxes(
  s: ScalarBuilder,
  root: Scalar,
  axes: readonly IndexExpression[],
  slotOf: (slot: number) => number = (slot) => slot,
): Scalar {
  const known = new Map<Scalar, Scalar>();
  const move = (scalar: Scalar): Scalar => {
    let moved = known.get(scalar);
    if (moved === undefined) known.set(scalar, (moved = rebuild(scalar)));
    return moved;
  };
  const rebuild = (scalar: Scalar): Scalar => {
    switch (scalar.kind) {
      case "constant":
        return s.constant(scalar.dtype, scalar.value);
      case "index":
        return s.index(substituteAxes(scalar.of, axes, move));
      case "load":
        return s.load(scalar.buffer, scalar.dtype, substituteAxes(scalar.at, axes, move));
      case "accumulator":
        return s.accumulator(slotOf(scalar.slot), scalar.dtype);
      case "call":
        return s.call(scalar.leaf, ...scalar.args.map(move));
    }
    scalar satisfies never;
    throw new RangeError("unknown scalar");
  };
  return move(root);
}

/**
 * A program of `s` without the clamps that a `select` around them makes unnecessary: `inside ? x[clamp(i)] : 0` reads
 * x[i], which is the same where it counts. Elsewhere it may read beyond the buffer: that is for the caller to rule out.
 */
export function withoutClamps(s: ScalarBuilder, root: Scalar): Scalar {
  return unclamped(s, root, new Map(), new Map());
}

/** Bounds that hold wherever a value counts, by the key of the index they are of. */
type Bounds = ReadonlyMap<string, { readonly low: number; readonly high: number }>;

function unclamped(s: ScalarBuilder, scalar: Scalar, bounds: Bounds, known: Map<Scalar, Scalar>): Scalar {
  let result = known.get(scalar);
  if (result !== undefined) return result;
  result = scalar;
  if (scalar.kind === "load") result = s.load(scalar.buffer, scalar.dtype, loosened(scalar.at, bounds));
  else if (scalar.kind === "call") {
    const [condition] = scalar.args;
    const inside = scalar.leaf === "select" && condition !== undefined ? boundsOf(condition, bounds) : bounds;
    const args = scalar.args.map((arg, i) =>
      inside !== bounds && i === 1 ? unclamped(s, arg, inside, new Map()) : unclamped(s, arg, bounds, known),
    );
    result = s.call(scalar.leaf, ...args);
  }
  known.set(scalar, result);
  return result;
}

/** What a condition says of indices, besides what was known before; `known` itself if that is nothing, so that nested selects share what they found. */
function boundsOf(condition: Scalar, known: Bounds): Bounds {
  const bounds = new Map(known);
  let learned = false;
  const bound = (of: IndexExpression, low: number, high: number): void => {
    learned = true;
    const before = bounds.get(of.key) ?? { low: of.min, high: of.max };
    bounds.set(of.key, { low: Math.max(before.low, low), high: Math.min(before.high, high) });
  };
  const visit = (scalar: Scalar): void => {
    if (scalar.kind !== "call") return;
    const [a, b] = scalar.args;
    if (scalar.leaf === "and") scalar.args.forEach(visit);
    else if (scalar.leaf === "lessEqual" && a?.kind === "constant" && b?.kind === "index") bound(b.of, a.value, Number.POSITIVE_INFINITY);
    else if (scalar.leaf === "less" && a?.kind === "index" && b?.kind === "constant") bound(a.of, Number.NEGATIVE_INFINITY, b.value - 1);
  };
  visit(condition);
  return learned ? bounds : known;
}

/** The index without the clamps that do nothing within the bounds. */
function loosened(index: IndexExpression, bounds: Bounds): IndexExpression {
  const isLoose = ({ atom }: IndexTerm): boolean => {
    const within = atom.kind === "clamp" ? bounds.get(atom.of.key) : undefined;
    return atom.kind === "clamp" && within !== undefined && within.low >= atom.low && within.high <= atom.high;
  };
  if (!index.terms.some(isLoose)) return index;
  const kept = { ...index, terms: index.terms.filter((term) => !isLoose(term)) };
  return index.terms.reduce<IndexExpression>(
    (sum, term) => (term.atom.kind === "clamp" && isLoose(term) ? addIndex(sum, scaleIndex(term.atom.of, term.coefficient)) : sum),
    addIndex(constantIndex(0), kept),
  );
}
