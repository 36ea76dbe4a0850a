import type { Conv2dShape } from "./conv2d-shape.ts";

type Options = Partial<Omit<Conv2dShape, "n" | "c" | "h" | "w" | "o" | "kh" | "kw" | "oh" | "ow">>;

/** A shape from its sizes and what differs from stride 1, no padding, one group. */
export function conv(
  [n, c, h, w]: readonly [number, number, number, number],
  o: number,
  [kh, kw]: readonly [number, number],
  options: Options = {},
): Conv2dShape {
  const plain = {
    strideH: 1,
    strideW: 1,
    padTop: 0,
    padLeft: 0,
    padBottom: 0,
    padRight: 0,
    dilationH: 1,
    dilationW: 1,
    groups: 1,
    ...options,
  };
  const extent = (size: number, pads: number, dilation: number, kernel: number, stride: number) =>
    Math.floor((size + pads - dilation * (kernel - 1) - 1) / stride) + 1;
  const oh = extent(h, plain.padTop + plain.padBottom, plain.dilationH, kh, plain.strideH);
  const ow = extent(w, plain.padLeft + plain.padRight, plain.dilationW, kw, plain.strideW);
  return { n, c, h, w, o, kh, kw, ...plain, oh, ow };
}

export const pad = (size: number): Options => ({ padTop: size, padLeft: size, padBottom: size, padRight: size });
export const stride = (size: number): Options => ({ strideH: size, strideW: size });

/** Visits every product of the convolution: flat indices of output, input and weight. */
export function everyProduct(
  { n, c, h, w, o, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, oh, ow }: Conv2dShape,
  visit: (output: number, input: number, weight: number) => void,
): void {
  const [cg, og] = [c / groups, o / groups];
  for (let b = 0; b < n; b++)
    for (let out = 0; out < o; out++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++)
          for (let i = 0; i < cg; i++)
            for (let dy = 0; dy < kh; dy++)
              for (let dx = 0; dx < kw; dx++) {
                const iy = y * strideH + dy * dilationH - padTop;
                const ix = x * strideW + dx * dilationW - padLeft;
                if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
                const channel = Math.floor(out / og) * cg + i;
                visit(((b * o + out) * oh + y) * ow + x, ((b * c + channel) * h + iy) * w + ix, ((out * cg + i) * kh + dy) * kw + dx);
              }
}

export const shapes: readonly Conv2dShape[] = [
  conv([2, 1, 28, 28], 20, [5, 5]),
  conv([2, 20, 12, 12], 50, [5, 5]),
  conv([1, 8, 9, 16], 7, [3, 3], pad(1)),
  conv([2, 3, 7, 7], 13, [3, 3], pad(1)),
  conv([1, 4, 14, 14], 12, [3, 3], pad(1)),
  conv([1, 5, 11, 28], 6, [3, 3], pad(1)),
  conv([2, 3, 6, 5], 4, [1, 1]),
  conv([1, 5, 6, 6], 9, [1, 1], stride(2)),
  conv([2, 6, 9, 9], 8, [1, 1], { groups: 2 }),
  conv([1, 3, 17, 19], 8, [7, 7], { ...pad(3), ...stride(2) }),
  conv([1, 4, 15, 13], 6, [3, 3], { ...pad(1), strideH: 2, strideW: 3 }),
  conv([1, 3, 16, 20], 5, [3, 3], { dilationH: 2, dilationW: 3 }),
  conv([1, 2, 12, 12], 3, [3, 2], { padTop: 2, padLeft: 0, padBottom: 1, padRight: 3, strideW: 2, dilationH: 2 }),
  conv([2, 6, 10, 33], 6, [3, 3], { ...pad(1), groups: 6 }),
  conv([1, 6, 11, 11], 12, [3, 3], { ...pad(1), ...stride(2), groups: 6 }),
  conv([1, 8, 8, 8], 12, [3, 3], { ...pad(1), groups: 4 }),
  conv([1, 90, 7, 7], 11, [3, 3], pad(1)),
  conv([1, 1, 5, 5], 1, [5, 5]),
  conv([3, 2, 1, 9], 2, [1, 4]),
  conv([1, 2, 40, 3], 33, [11, 2], { ...stride(4), padTop: 2 }),
  conv([7, 2, 4, 4], 3, [3, 3], pad(2)),
  conv([1, 2, 6, 140], 2, [2, 3]),
  // Depthwise: rows shorter than a vector, both parities of a stride, windows too large for registers, large planes.
  conv([2, 3, 9, 3], 3, [3, 3], { ...pad(1), groups: 3 }),
  conv([1, 4, 13, 21], 4, [3, 3], { ...pad(1), ...stride(2), groups: 4 }),
  conv([1, 2, 12, 14], 2, [5, 5], { ...pad(2), groups: 2 }),
  conv([1, 2, 10, 17], 2, [3, 3], { ...pad(3), ...stride(3), groups: 2 }),
  conv([1, 40, 6, 10], 40, [3, 3], { ...pad(2), dilationH: 2, dilationW: 2, groups: 40 }),
  conv([1, 3, 70, 70], 3, [3, 3], { ...pad(1), groups: 3 }),
  // Image layers, whose input gradients go by phases, and single output channels.
  conv([1, 3, 31, 37], 8, [11, 11], { ...pad(2), ...stride(4) }),
  conv([2, 1, 20, 20], 5, [4, 4], { ...pad(1), ...stride(2) }),
  conv([2, 9, 11, 18], 1, [3, 3], pad(1)),
  conv([1, 9, 9, 7], 1, [5, 5], pad(2)),
];

/** Shapes with enough work to be cut into several blocks of rows, of channels, of outputs. */
export const blockedShapes: readonly Conv2dShape[] = [
  conv([1, 256, 4, 8], 130, [3, 3], pad(1)),
  conv([1, 40, 30, 27], 70, [3, 3], pad(1)),
  conv([4, 3, 40, 41], 50, [3, 3]),
  conv([8, 1, 28, 28], 6, [5, 5], pad(2)),
  conv([1, 3, 160, 150], 24, [7, 7], { ...pad(3), ...stride(2) }),
];

/** One plane with enough work to be cut into several blocks of rows. */
export const largePlane: Conv2dShape = conv([1, 1, 260, 640], 1, [5, 5], pad(2));
