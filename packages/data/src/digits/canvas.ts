/** The side of a digit's image, in pixels. */
export const side = 28;
/** Pixels of an image. */
export const area = side * side;

/**
 * Inks a path of round-ended strokes: a pixel's ink is how far it lies within the pen, softened over one pixel at the rim.
 *
 * Where strokes cross the darker ink stays, as with a felt pen. `radius` runs from its first value to its second along the path.
 */
export function ink(canvas: Float64Array, path: readonly number[], radius: readonly [number, number], strength: number): void {
  const segments = path.length / 2 - 1;
  for (let segment = 0; segment < segments; segment++) {
    const ax = path[2 * segment] ?? 0;
    const ay = path[2 * segment + 1] ?? 0;
    const bx = path[2 * segment + 2] ?? 0;
    const by = path[2 * segment + 3] ?? 0;
    const reach = radius[0] + ((radius[1] - radius[0]) * segment) / segments + 0.5;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx) - reach));
    const right = Math.min(side - 1, Math.floor(Math.max(ax, bx) + reach));
    const top = Math.max(0, Math.ceil(Math.min(ay, by) - reach));
    const bottom = Math.min(side - 1, Math.floor(Math.max(ay, by) + reach));
    const dx = bx - ax;
    const dy = by - ay;
    const lengthSquared = dx * dx + dy * dy;
    const inverse = lengthSquared > 1e-12 ? 1 / lengthSquared : 0;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const along = ((x - ax) * dx + (y - ay) * dy) * inverse;
        const t = along < 0 ? 0 : along > 1 ? 1 : along;
        const px = x - ax - t * dx;
        const py = y - ay - t * dy;
        const depth = reach - Math.sqrt(px * px + py * py);
        if (depth <= 0) continue;
        const value = depth < 1 ? depth * strength : strength;
        const at = y * side + x;
        if (value > (canvas[at] ?? 0)) canvas[at] = value;
      }
    }
  }
}

/** Spreads each pixel over its neighbours along both axes: `amount` to each side, the rest stays. */
export function blur(canvas: Float64Array, amount: number): void {
  blurAlong(canvas, amount, 1, side);
  blurAlong(canvas, amount, side, 1);
}

function blurAlong(canvas: Float64Array, amount: number, step: number, stride: number): void {
  const keep = 1 - 2 * amount;
  for (let row = 0; row < side; row++) {
    let before = 0;
    let at = row * stride;
    let here = canvas[at] ?? 0;
    for (let i = 0; i < side; i++, at += step) {
      const after = i + 1 < side ? (canvas[at + step] ?? 0) : 0;
      canvas[at] = keep * here + amount * (before + after);
      before = here;
      here = after;
    }
  }
}
