import { ArgumentError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { tensor } from "../source/creation.ts";
import { flip } from "../view/flip.ts";
import { reshape } from "../view/reshape.ts";

export interface PositionOptions {
  /** The longest wave has about 2 pi times as many places; 10000 when left out. */
  readonly base?: number;
  /** The number of the first place; 0 when left out. */
  readonly offset?: number;
}

/**
 * Places as waves of growing length: result[p][2i] = sin(p / base^(2i / width)), result[p][2i + 1] = cos of the same.
 * Added to a sequence's embeddings. Source: Vaswani et al., 2017, section 3.5.
 *
 * Shapes: result [length, width].
 *
 * @throws ArgumentError if a size is not a positive whole number, or the width is odd.
 */
export function sinusoidalPositions(length: number, width: number, options: PositionOptions = {}): Tensor {
  const angles = anglesOf("sinusoidalPositions", length, width, options);
  return tensor(
    Float32Array.from({ length: length * width }, (_, i) => (i % 2 === 0 ? Math.sin : Math.cos)(angles[Math.floor(i / 2)] ?? 0)),
    { shape: [length, width] },
  );
}

export interface RotaryOptions extends PositionOptions {
  /**
   * Which two features turn together: "adjacent" (2i and 2i + 1, as published; when left out) or "halves"
   * (i and i + width / 2, as GPT-NeoX has it). Weights trained with one do not go with the other.
   */
  readonly pairing?: "adjacent" | "halves";
}

/**
 * Turns each pair of features by an angle that grows with the place: with a = p / base^(2i / width), the pair (u, v) of
 * number i at place p becomes (u cos a - v sin a, u sin a + v cos a). Done to queries and keys, so that their products depend
 * on how far apart they are. Source: Su et al., 2021.
 *
 * Shapes: `x` [..., length, width], and the result.
 *
 * Example: `scaledDotProductAttention(rotary(q), rotary(k), v, { causal: true })`.
 *
 * @throws ArgumentError if x has fewer than two axes, or an odd width.
 */
export function rotary(x: Tensor, { pairing = "adjacent", ...options }: RotaryOptions = {}): Tensor {
  const [length = 0, width = 0] = x.rank < 2 ? [] : x.shape.slice(-2);
  const angles = anglesOf("rotary", length, width, options);
  const pairs = width / 2;
  const before = x.shape.slice(0, -1);
  const table = (of: (angle: number) => number, shape: Shape): Tensor =>
    tensor(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => of(angles[i] ?? 0)),
      { shape },
    );
  const adjacent = pairing === "adjacent";
  const places = adjacent ? [length, pairs, 1] : [length, 1, pairs];
  const paired = reshape(x, adjacent ? [...before, pairs, 2] : [...before, 2, pairs]);
  const sign = reshape(tensor([-1, 1]), adjacent ? [2] : [2, 1]);
  const turned = mul(flip(paired, [adjacent ? -1 : -2]), sign);
  return reshape(add(mul(paired, table(Math.cos, places)), mul(turned, table(Math.sin, places))), x.shape);
}

/** Of every place and pair of features, in float64: [length * width / 2]. */
function anglesOf(subject: string, length: number, width: number, { base = 10_000, offset = 0 }: PositionOptions): Float64Array {
  if (!Number.isInteger(length) || length < 1 || !Number.isInteger(width) || width < 2 || width % 2 === 1) {
    throw new ArgumentError("argument/positions", `needs a positive length and an even width, not ${length} and ${width}`, { subject });
  }
  const pairs = width / 2;
  return Float64Array.from({ length: length * pairs }, (_, i) => (offset + Math.floor(i / pairs)) / base ** ((i % pairs) / pairs));
}
