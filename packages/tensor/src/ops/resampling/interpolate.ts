import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { type PerAxis, perAxis } from "../convolution/per-axis.ts";
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from "../pooling/adaptive.ts";
import { cast } from "../pointwise/cast.ts";
import { cubic } from "./cubic.ts";
import { mapAlong, type Taps } from "./taps.ts";

export type InterpolateMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "trilinear" | "bicubic" | "area";

export interface InterpolateOptions {
  /** Spatial sizes of the result. */
  readonly size?: PerAxis;
  /** How many times larger each spatial axis becomes, instead of `size`: floor(size * factor). */
  readonly scaleFactor?: PerAxis;
  /**
   * "nearest" (the default) rounds coordinates down, "nearest-exact" to the closest centre; "linear", "bilinear" and "trilinear" are
   * for one, two and three spatial axes; "bicubic" is for two; "area" averages as `adaptiveAvgPool2d` does.
   */
  readonly mode?: InterpolateMode;
  /** Whether the centres of the corner elements stay where they are, for the linear and cubic modes; false when left out. */
  readonly alignCorners?: boolean;
}

/** A result's coordinate in the input for its index. */
type Coordinate = (i: number) => number;

interface Mode {
  /** Numbers of spatial axes it is for. */
  readonly axes: readonly number[];
  /** What the result at coordinate `i` of an axis of `extent` elements reads. */
  readonly taps: (coordinate: number, extent: number) => Taps[number];
  /** Whether coordinates are those of centres, half an element in. */
  readonly centred: boolean;
}

const linear = (axes: number): Mode => ({ axes: [axes], taps: linearTaps, centred: true });
const modes: Readonly<Record<Exclude<InterpolateMode, "area">, Mode>> = {
  nearest: { axes: [1, 2, 3], taps: (at, extent) => [{ place: inside(Math.floor(at), extent), weight: 1 }], centred: false },
  "nearest-exact": { axes: [1, 2, 3], taps: (at, extent) => [{ place: inside(Math.floor(at + 0.5), extent), weight: 1 }], centred: true },
  linear: linear(1),
  bilinear: linear(2),
  trilinear: linear(3),
  bicubic: { axes: [2], taps: cubicTaps, centred: true },
};

/**
 * A signal, image or volume in another size. Coordinates are PyTorch's: (i + 0.5) / scale - 0.5, or i * (n - 1) / (m - 1) with
 * `alignCorners`; beyond the edge the edge is read. The cubic kernel is that of Keys, Cubic Convolution Interpolation (1981), with
 * a = -0.75. One axis after the other, the last first, each a sparse matrix worked out beforehand.
 *
 * Shapes: `x` [n, c, ...sizes] with one, two or three spatial axes, result [n, c, ...size].
 *
 * Example: `interpolate(images, { scaleFactor: 2, mode: "bilinear" })`.
 *
 * @throws ArgumentError unless either size or factor is given, or for a mode that is not for so many axes; ShapeError if `x` has
 * no such axes or a size is less than 1.
 */
export function interpolate(x: Tensor, { size, scaleFactor, mode = "nearest", alignCorners = false }: InterpolateOptions): Tensor {
  const count = x.rank - 2;
  const refuse = (sentence: string): never => {
    throw new ArgumentError("argument/interpolate", sentence, { subject: "interpolate", facts: { x: String(x), mode } });
  };
  if ((size === undefined) === (scaleFactor === undefined)) refuse("needs either a size or a scale factor");
  const factors = scaleFactor === undefined ? null : perAxis("interpolate", scaleFactor, count);
  const sizes =
    factors === null
      ? perAxis("interpolate", size ?? 1, count)
      : factors.map((factor, axis) => Math.floor((x.shape[2 + axis] ?? 1) * factor));
  if (count < 1 || count > 3 || x.shape.slice(2).includes(0) || sizes.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new ShapeError("shape/interpolate", `[${x.shape.join(", ")}] cannot be made [n, c, ${sizes.join(", ")}]`, {
      subject: "interpolate",
    });
  }
  if (mode === "area") return area(x, sizes);
  const kind = Object.hasOwn(modes, mode) ? modes[mode] : refuse(`mode "${mode}" is not known`);
  if (!kind.axes.includes(count)) refuse(`mode "${mode}" is not for ${count} spatial axes`);
  return inOrder(sizes, x.shape.slice(2)).reduce(
    (y, i) => {
      const from = x.shape[2 + i] ?? 1;
      const to = sizes[i] ?? 1;
      const scale = factors?.[i] === undefined ? from / to : 1 / factors[i];
      const corners: Coordinate = (at) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1));
      const centres: Coordinate = (at) => (at + 0.5) * scale - 0.5;
      const coordinate =
        alignCorners && mode !== "nearest-exact" && kind.centred ? corners : kind.centred ? centres : (at: number) => at * scale;
      if (from === to && scale === 1) return y;
      return mapAlong(
        y,
        2 + i,
        Array.from({ length: to }, (_, at) => kind.taps(coordinate(at), from)),
      );
    },
    cast(x, "float32"),
  );
}

/** Axes that become shorter first, then those that become longer, so that there are few elements on the way; of these the last axis first, which costs most for each. */
function inOrder(sizes: readonly number[], from: readonly number[]): readonly number[] {
  const axes = [...sizes.keys()];
  const shorter = axes.filter((i) => (sizes[i] ?? 1) < (from[i] ?? 1));
  return [...shorter, ...axes.filter((i) => !shorter.includes(i)).toReversed()];
}

function area(x: Tensor, sizes: readonly number[]): Tensor {
  return (sizes.length === 1 ? adaptiveAvgPool1d : sizes.length === 2 ? adaptiveAvgPool2d : adaptiveAvgPool3d)(x, sizes);
}

function linearTaps(at: number, extent: number): Taps[number] {
  const coordinate = Math.max(at, 0);
  const first = inside(Math.floor(coordinate), extent);
  const share = Math.min(coordinate - first, 1);
  const taps = [
    { place: first, weight: 1 - share },
    { place: inside(first + 1, extent), weight: share },
  ];
  return taps.filter(({ weight }) => weight !== 0);
}

function cubicTaps(at: number, extent: number): Taps[number] {
  const first = Math.floor(at);
  return [-1, 0, 1, 2].map((offset) => ({ place: inside(first + offset, extent), weight: cubic(at - first - offset) }));
}

function inside(place: number, extent: number): number {
  return Math.min(Math.max(place, 0), extent - 1);
}
