import { ShapeError } from "../../errors.ts";
import { vjp } from "../../grad.ts";
import type { Tensor } from "../../tensor.ts";
import { convolvedSize } from "../library/convolution.ts";
import { zeros } from "../source/full.ts";
import { padWith } from "../view/pad.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { type PerAxis, perAxis } from "./per-axis.ts";
import { windowsAlong } from "./windows.ts";

export interface UnfoldOptions {
  /** Steps between windows; 1 when left out. */
  readonly stride?: PerAxis;
  /** Zeros on each side; 0 when left out. */
  readonly padding?: PerAxis;
  /** Distance between the elements of a window; 1 when left out. */
  readonly dilation?: PerAxis;
}

/**
 * The windows of an image as columns (im2col): y[n, (c * kh + p) * kw + q, i * ow + j] is tap p, q of channel c in window i, j.
 *
 * Shapes: `x` [n, c, h, w], result [n, c * kh * kw, oh * ow].
 *
 * @throws ShapeError if `x` is no batch of images or no window fits; ArgumentError for lists that are not pairs.
 */
export function unfold(x: Tensor, kernel: PerAxis, { stride = 1, padding = 0, dilation = 1 }: UnfoldOptions = {}): Tensor {
  const [rows = 1, columns = 1] = perAxis("unfold", kernel, 2);
  const steps = perAxis("unfold", stride, 2);
  const pads = perAxis("unfold", padding, 2);
  const spread = perAxis("unfold", dilation, 2);
  const [n = 0, c = 0, h = 0, w = 0] = x.shape;
  const along = ([taps, size]: readonly [number, number], axis: number) => {
    const [step = 1, pad = 0, gap = 1] = [steps[axis], pads[axis], spread[axis]];
    return { taps, stride: step, dilation: gap, count: convolvedSize(size, taps, step, gap, pad, pad) };
  };
  const down = along([rows, h], 0);
  const across = along([columns, w], 1);
  if (x.rank !== 4 || down.count < 1 || across.count < 1) {
    throw new ShapeError(
      "shape/unfold",
      `a ${rows}x${columns} window does not fit into ${x.rank === 4 ? `${h}x${w}` : "what is no batch of images"}`,
      {
        subject: "unfold",
        facts: { x: String(x) },
      },
    );
  }
  const around = [0, 0, ...pads];
  const padded = padWith(x, { before: around, after: around, between: [0, 0, 0, 0], value: 0 });
  const windows = windowsAlong(windowsAlong(padded, 2, down), 4, across);
  return reshape(permute(windows, [0, 1, 3, 5, 2, 4]), [n, c * rows * columns, down.count * across.count]);
}

/**
 * The transpose of `unfold` (col2im): columns added up where their windows lie.
 *
 * Shapes: `x` [n, c * kh * kw, oh * ow], result [n, c, h, w] for `size` [h, w].
 *
 * @throws ShapeError if the columns are not the windows of such an image; ArgumentError for lists that are not pairs.
 */
export function fold(x: Tensor, size: PerAxis, kernel: PerAxis, options: UnfoldOptions = {}): Tensor {
  const [rows = 1, columns = 1] = perAxis("fold", kernel, 2);
  const [n = 0, depth = 0] = x.shape;
  const image = zeros([n, Math.floor(depth / (rows * columns)), ...perAxis("fold", size, 2)]);
  const { value, pullback } = vjp((each) => unfold(each, kernel, options), [image]);
  if (value.shape.join() !== x.shape.join()) {
    throw new ShapeError("shape/fold", `the windows of [${image.shape.join(", ")}] are [${value.shape.join(", ")}]`, {
      subject: "fold",
      facts: { x: String(x) },
    });
  }
  return pullback(x)[0] ?? image;
}
