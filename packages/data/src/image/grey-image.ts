/** A picture in grey: brightness 0 to 255, row by row. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The mean brightness of the pixels on the rim: the paper's, in a picture of a digit. */
export function rimBrightness({ width, height, pixels }: GreyImage): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step, count++) sum += pixels[y * width + x] ?? 0;
  }
  return count === 0 ? 0 : sum / count;
}

export function inverted({ width, height, pixels }: GreyImage): GreyImage {
  return { width, height, pixels: pixels.map((value) => 255 - value) };
}

/** The picture in the middle of the smallest square that holds it, the rest filled with `fill`. */
export function squared({ width, height, pixels }: GreyImage, fill: number): GreyImage {
  const side = Math.max(width, height);
  const square = new Uint8Array(side * side).fill(fill);
  const left = (side - width) >> 1;
  const top = (side - height) >> 1;
  for (let y = 0; y < height; y++) square.set(pixels.subarray(y * width, (y + 1) * width), (y + top) * side + left);
  return { width: side, height: side, pixels: square };
}

/** Resizes by area: each new pixel is the mean of what it covers, pixels cut by its edge counting in part. */
export function resized({ width, height, pixels }: GreyImage, newWidth: number, newHeight: number): GreyImage {
  const across = new Float64Array(newWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++)
      across[y * newWidth + x] = meanOver((x * width) / newWidth, ((x + 1) * width) / newWidth, (at) => pixels[y * width + at] ?? 0);
  }
  const result = new Uint8Array(newWidth * newHeight);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++)
      result[y * newWidth + x] = Math.round(
        meanOver((y * height) / newHeight, ((y + 1) * height) / newHeight, (at) => across[at * newWidth + x] ?? 0),
      );
  }
  return { width: newWidth, height: newHeight, pixels: result };
}

function meanOver(from: number, to: number, value: (at: number) => number): number {
  let sum = 0;
  // The last cell is the one `to` lies in, or ends.
  for (let at = Math.floor(from); at < to; at++) sum += value(at) * (Math.min(to, at + 1) - Math.max(from, at));
  return sum / (to - from);
}
