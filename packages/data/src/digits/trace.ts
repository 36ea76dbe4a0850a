import type { Stroke } from "./glyphs.ts";

/** Pieces between two neighbouring points of a curve. */
const pieces = 4;

/**
 * Turns a stroke into a path of short straight pieces: x and y of each corner in turn.
 *
 * Curves are Catmull-Rom splines, which pass through their points; lines are cut up too, so that distortion can bend them.
 */
export function trace({ kind, points }: Stroke): number[] {
  const count = points.length / 2;
  const spans = kind === "loop" ? count : count - 1;
  const path: number[] = [];
  for (let span = 0; span < spans; span++) {
    for (let piece = 0; piece < pieces; piece++) {
      const t = piece / pieces;
      path.push(at(points, count, kind, span, t, 0), at(points, count, kind, span, t, 1));
    }
  }
  path.push(at(points, count, kind, spans - 1, 1, 0), at(points, count, kind, spans - 1, 1, 1));
  return path;
}

/** One coordinate of the spline between the points `span` and `span + 1`, for t in 0 to 1. */
function at(points: readonly number[], count: number, kind: Stroke["kind"], span: number, t: number, axis: 0 | 1): number {
  const point = (index: number) => {
    const within = kind === "loop" ? (index + count) % count : Math.min(Math.max(index, 0), count - 1);
    return points[2 * within + axis] ?? 0;
  };
  const b = point(span);
  const c = point(span + 1);
  if (kind === "line") return b + (c - b) * t;
  const a = point(span - 1);
  const d = point(span + 2);
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}
