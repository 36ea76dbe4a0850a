/** One remembered step: how far the parameters moved, and how the gradient changed. */
export interface Pair {
  readonly move: Float32Array;
  readonly change: Float32Array;
}

/** What is needed of vectors on the host: float64 sums over whatever holds the numbers. */
export type Vector = Float32Array | Float64Array;

/**
 * The direction -H g, with the inverse Hessian H that the remembered pairs (s, y), oldest first, stand for: the two loops.
 * H begins as s·y / y·y of the newest pair, or 1.
 *
 * Source: Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4.
 */
export function quasiNewtonDirection(gradient: Vector, pairs: readonly Pair[]): Float64Array {
  const direction = Float64Array.from(gradient, (value) => -value);
  const rounds = pairs.map(({ move, change }) => ({ move, change, curvature: dot(move, change), alpha: 0 }));
  for (const round of rounds.toReversed()) {
    round.alpha = dot(round.move, direction) / round.curvature;
    accumulate(direction, round.change, -round.alpha);
  }
  const newest = rounds.at(-1);
  const scale = newest === undefined ? 1 : newest.curvature / dot(newest.change, newest.change);
  for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] ?? 0) * scale;
  for (const { move, change, curvature, alpha } of rounds) accumulate(direction, move, alpha - dot(change, direction) / curvature);
  return direction;
}

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

export function largest(values: Vector): number {
  let found = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size <= found)) found = size;
  }
  return found;
}

function accumulate(into: Float64Array, values: Vector, scale: number): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) + scale * (values[i] ?? 0);
}
