import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { fromHost, type Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { reshape } from "../view/reshape.ts";
import { coordinates } from "../view/coordinates.ts";

export interface AffineGridOptions {
  /** Whether -1 and 1 are the centres of the corner pixels (true) or their outer edges (false, the default). */
  readonly alignCorners?: boolean;
}

/**
 * The grid that `gridSample` takes for affine maps: for every pixel (u, v) of the result, theta (u, v, 1)ᵀ.
 *
 * Shapes: `theta` [n, 2, 3] and `size` [n, c, h, w] give [n, h, w, 2]; [n, 3, 4] and [n, c, d, h, w] give [n, d, h, w, 3].
 *
 * @throws ShapeError if theta does not go with the size.
 */
export function affineGrid(theta: Tensor, size: Shape, { alignCorners = false }: AffineGridOptions = {}): Tensor {
  const [n = 0, , ...extents] = size;
  const count = extents.length;
  if ((count !== 2 && count !== 3) || theta.shape.join() !== [n, count, count + 1].join()) {
    throw new ShapeError("shape/affine-grid", `a size of [${size.join(", ")}] needs a theta of [${n}, ${count}, ${count + 1}]`, {
      subject: "affineGrid",
      facts: { theta: String(theta) },
    });
  }
  const points = sizeOf(extents);
  const base = new Float32Array(points * (count + 1));
  for (let point = 0; point < points; point++) {
    coordinates(point, extents).forEach((place, axis) => {
      const extent = extents[axis] ?? 1;
      const between = alignCorners ? (extent === 1 ? 0 : (2 * place) / (extent - 1) - 1) : (2 * place + 1) / extent - 1;
      base[point * (count + 1) + count - 1 - axis] = between;
    });
    base[point * (count + 1) + count] = 1;
  }
  const grid = matmul(fromHost([points, count + 1], "float32", base), theta, { transposeB: true });
  return reshape(grid, [n, ...extents, count]);
}
