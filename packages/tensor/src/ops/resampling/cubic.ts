const A = -0.75;

/**
 * The polynomials of the cubic convolution kernel by their coefficients, highest power first: for distances up to 1, and
 * from 1 to 2. Source: Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), equation 4, with a = -0.75.
 *
 * @internal
 */
export const cubicPieces = { near: [A + 2, -(A + 3), 0, 1], far: [A, -5 * A, 8 * A, -4 * A] } as const;

/**
 * The cubic convolution kernel at a distance: 1 at 0, 0 at the other whole numbers, smooth, and 0 from 2 on.
 *
 * @internal
 */
export function cubic(distance: number): number {
  const t = Math.abs(distance);
  const [a, b, c, d] = t <= 1 ? cubicPieces.near : cubicPieces.far;
  return t < 2 ? ((a * t + b) * t + c) * t + d : 0;
}
