import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { indexSelect } from "../indexing/index-select.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal, greaterEqual, less, lessEqual } from "../pointwise/comparison.ts";
import { clamp } from "../pointwise/extremes.ts";
import { logicalAnd } from "../pointwise/logic.ts";
import { remainder } from "../pointwise/remainder.ts";
import { abs, floor, round } from "../pointwise/rounding.ts";
import { where } from "../pointwise/where.ts";
import { iota } from "../source/iota.ts";
import { stopGradient } from "../view/identity.ts";
import { moveAxis } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { select } from "../view/slice.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { cubicPieces } from "./cubic.ts";

export interface GridSampleOptions {
  /** How values between pixels are made; "bilinear" when left out, which is trilinear in volumes. "bicubic" is for images. */
  readonly mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside: zeros (the default), the nearest pixel of the border, or the image mirrored. */
  readonly paddingMode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centres of the corner pixels (true) or their outer edges (false, the default). */
  readonly alignCorners?: boolean;
}

/** A whole coordinate along one axis that a result reads, and how much it weighs. */
interface AxisTap {
  readonly place: Tensor;
  readonly weight: Tensor | null;
}

/**
 * Values of an image at the places a grid names: grid[..., 0] is across and grid[..., 1] down (in volumes: across, down, deep),
 * from -1 to 1. Gradients flow to the image and, except in mode "nearest", to the grid.
 * Source: Jaderberg et al., Spatial Transformer Networks (2015), section 3.3; coordinates as PyTorch's.
 *
 * Shapes: `x` [n, c, h, w], `grid` [n, oh, ow, 2], result [n, c, oh, ow]; in volumes [n, c, d, h, w], [n, od, oh, ow, 3] and
 * [n, c, od, oh, ow].
 *
 * @throws ShapeError if the shapes do not fit; ArgumentError for a mode that is not known.
 */
export function gridSample(
  x: Tensor,
  grid: Tensor,
  { mode = "bilinear", paddingMode = "zeros", alignCorners = false }: GridSampleOptions = {},
): Tensor {
  const [n = 0, , ...extents] = x.shape;
  const count = extents.length;
  if ((count !== 2 && count !== 3) || grid.rank !== x.rank || grid.shape[0] !== n || grid.shape.at(-1) !== count || extents.includes(0)) {
    throw new ShapeError(
      "shape/grid-sample",
      "needs an image [n, c, h, w] and a grid [n, oh, ow, 2], or a volume and a grid of one more axis",
      {
        subject: "gridSample",
        facts: { x: String(x), grid: String(grid) },
      },
    );
  }
  if (
    !["bilinear", "nearest", "bicubic"].includes(mode) ||
    (mode === "bicubic" && count === 3) ||
    !["zeros", "border", "reflection"].includes(paddingMode)
  ) {
    throw new ArgumentError("argument/grid-sample", `mode "${mode}" with "${paddingMode}" outside is not known for ${count} axes`, {
      subject: "gridSample",
    });
  }
  const brought = (at: Tensor, extent: number): Tensor => {
    if (paddingMode === "zeros") return at;
    const mirrored = paddingMode === "border" ? at : reflected(at, extent, alignCorners);
    return clamp(mirrored, { min: 0, max: extent - 1 });
  };
  const taps = extents.map((extent, axis) => {
    const between = select(cast(grid, "float32"), -1, count - 1 - axis);
    const at = alignCorners ? mul(add(between, 1), (extent - 1) / 2) : sub(mul(add(between, 1), extent / 2), 0.5);
    if (mode === "bicubic") return cubicTaps(at).map(({ place, weight }) => ({ place: brought(place, extent), weight }));
    return mode === "nearest" ? [{ place: round(stopGradient(brought(at, extent))), weight: null }] : linearTaps(brought(at, extent));
  });
  const rows = reshape(moveAxis(x, 1, -1), [
    x.size === 0 ? n * extents.reduce((a, b) => a * b, 1) : x.size / (x.shape[1] ?? 1),
    x.shape[1] ?? 0,
  ]);
  const image = iota(grid.shape.slice(0, -1), 0);
  const parts = combinations(taps).map((choice) => read(rows, image, choice, extents));
  return moveAxis(
    parts.reduce((sum, part) => add(sum, part)),
    -1,
    1,
  );
}

/** The pixels at whole coordinates, times their weights, 0 outside: [n, ..., c]. */
function read(rows: Tensor, image: Tensor, choice: readonly AxisTap[], extents: readonly number[]): Tensor {
  let address = image;
  let held: Tensor | null = null;
  let weight: Tensor | null = null;
  choice.forEach((tap, axis) => {
    const extent = extents[axis] ?? 1;
    const place = stopGradient(tap.place);
    const within = logicalAnd(greaterEqual(place, 0), lessEqual(place, extent - 1));
    held = held === null ? within : logicalAnd(held, within);
    address = add(mul(address, extent), cast(clamp(place, { min: 0, max: extent - 1 }), "int32"));
    if (tap.weight !== null) weight = weight === null ? tap.weight : mul(weight, tap.weight);
  });
  const shares = where(held ?? equal(image, image), weight ?? 1, 0);
  return mul(indexSelect(rows, address), unsqueeze(shares, -1));
}

function linearTaps(at: Tensor): readonly AxisTap[] {
  const first = floor(stopGradient(at));
  const share = sub(at, first);
  return [
    { place: first, weight: sub(1, share) },
    { place: add(first, 1), weight: share },
  ];
}

function cubicTaps(at: Tensor): readonly AxisTap[] {
  const first = floor(stopGradient(at));
  const share = sub(at, first);
  return [-1, 0, 1, 2].map((offset) => {
    const distance = offset <= 0 ? sub(share, offset) : sub(offset, share);
    const [a, b, c, d] = offset === 0 || offset === 1 ? cubicPieces.near : cubicPieces.far;
    return { place: add(first, offset), weight: add(mul(add(mul(add(mul(distance, a), b), distance), c), distance), d) };
  });
}

/** Coordinates mirrored at the edges as often as it takes: at the centres of the corner pixels, or at their outer edges. */
function reflected(at: Tensor, extent: number, alignCorners: boolean): Tensor {
  const low = alignCorners ? 0 : -0.5;
  const span = alignCorners ? extent - 1 : extent;
  if (span === 0) return mul(at, 0);
  const along = remainder(abs(sub(at, low)), 2 * span);
  return add(where(less(along, span), along, sub(2 * span, along)), low);
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((chosen) => list.map((item) => [...chosen, item])), [[]]);
}
