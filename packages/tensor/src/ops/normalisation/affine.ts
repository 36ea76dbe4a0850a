import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { reshape } from "../view/reshape.ts";

/** What a normalisation multiplies by and adds afterwards. */
export interface AffineOptions {
  /** Factors; none when left out. */
  readonly weight?: Tensor | null;
  /** Summands; none when left out. */
  readonly bias?: Tensor | null;
  /** Added to the variance before the root, so that constant values stay finite; 1e-5 when left out. */
  readonly epsilon?: number;
}

/**
 * One value for each channel (axis 1 of `x`), shaped to broadcast with `x`.
 *
 * @throws ShapeError for another number of values.
 * @internal
 */
export function perChannel(subject: string, name: string, values: Tensor | null, x: Tensor): Tensor | null {
  if (values === null) return null;
  const channels = x.shape[1] ?? 0;
  if (values.size !== channels) {
    throw new ShapeError("shape/normalisation", `${name} has ${values.size} values, and the input ${channels} channels`, {
      subject,
      facts: { x: String(x), [name]: String(values) },
    });
  }
  return reshape(
    values,
    x.shape.map((extent, axis) => (axis === 1 ? extent : 1)),
  );
}

/** @internal */
export function checkEpsilon(subject: string, epsilon: number): void {
  if (!(epsilon >= 0)) throw new ArgumentError("argument/epsilon", `epsilon must not be negative, and is ${epsilon}`, { subject });
}

/**
 * Refuses what has no channels, or too few axes of places after them.
 *
 * @throws ShapeError
 * @internal
 */
export function checkChannels(subject: string, x: Tensor, places = 0): void {
  if (x.rank >= 2 + places) return;
  throw new ShapeError("shape/normalisation", `needs [n, channels${places > 0 ? ", places" : ""}, ...], not [${x.shape.join(", ")}]`, {
    subject,
    facts: { x: String(x) },
  });
}
