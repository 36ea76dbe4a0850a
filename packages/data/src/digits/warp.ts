import type { RandomStream } from "../random/stream.ts";

/** How far a digit is bent; every length is in pixels, every angle in radians, drawn evenly between minus and plus. */
export interface Distortion {
  readonly rotation: number;
  readonly shear: number;
  /** Width and height of the digit, least and most. */
  readonly width: readonly [number, number];
  readonly height: readonly [number, number];
  readonly shift: number;
  /** Largest displacement of the elastic field at its grid points. */
  readonly elastic: number;
}

/** Cells of the elastic field along each axis, over the unit box and a margin. */
const cells = 3;
const nodes = cells + 1;

/**
 * Draws a random map from the unit box of the glyphs to pixels: scale, shear, rotation and shift,
 * and a smooth displacement of random vectors on a coarse grid (as Simard, Steinkraus and Platt, 2003, in spirit; there the field is blurred noise).
 *
 * The map works in place on a path of x and y in turn.
 */
export function randomWarp(random: RandomStream, distortion: Distortion, centre: number): (path: number[]) => void {
  const angle = random.between(-distortion.rotation, distortion.rotation);
  const shear = random.between(-distortion.shear, distortion.shear);
  const width = random.between(...distortion.width);
  const height = random.between(...distortion.height);
  const x0 = centre + random.between(-distortion.shift, distortion.shift);
  const y0 = centre + random.between(-distortion.shift, distortion.shift);
  const [sin, cos] = [sine(angle), cosine(angle)];
  const field = Float64Array.from({ length: 2 * nodes * nodes }, () => random.between(-distortion.elastic, distortion.elastic));
  return (path) => {
    for (let i = 0; i < path.length; i += 2) {
      const u = path[i] ?? 0;
      const v = path[i + 1] ?? 0;
      const y = (v - 0.5) * height;
      const x = (u - 0.5) * width - shear * y;
      path[i] = x0 + cos * x - sin * y + displacement(field, u, v, 0);
      path[i + 1] = y0 + sin * x + cos * y + displacement(field, u, v, 1);
    }
  };
}

/** The field at a point of the unit box: smooth between its nodes, so that strokes bend without corners. */
function displacement(field: Float64Array, u: number, v: number, axis: 0 | 1): number {
  const x = Math.min(Math.max(u, 0), 0.9999) * cells;
  const y = Math.min(Math.max(v, 0), 0.9999) * cells;
  const column = Math.floor(x);
  const row = Math.floor(y);
  const s = smooth(x - column);
  const t = smooth(y - row);
  const node = (dx: number, dy: number) => field[2 * ((row + dy) * nodes + column + dx) + axis] ?? 0;
  return (node(0, 0) * (1 - s) + node(1, 0) * s) * (1 - t) + (node(0, 1) * (1 - s) + node(1, 1) * s) * t;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Taylor's polynomials, within 1e-5 for angles below 1. `Math.sin` may differ in its last bit from engine to engine, and with it a pixel. */
function sine(x: number): number {
  const s = x * x;
  return x * (1 - (s / 6) * (1 - (s / 20) * (1 - s / 42)));
}

function cosine(x: number): number {
  const s = x * x;
  return 1 - (s / 2) * (1 - (s / 12) * (1 - (s / 30) * (1 - s / 56)));
}
