import { sizeOf, type Shape } from "@gradus/tensor";

/** Values in -scale .. scale, the same that `fill` in tools/fixtures/common.py makes. */
export function fill(stream: number, shape: Shape, scale = 1): Float32Array {
  const key = Math.imul(stream + 1, 0x85ebca6b);
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ key;
    h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
    h = (h ^ (h >>> 13)) >>> 0;
    return ((h / 2 ** 32) * 2 - 1) * scale;
  });
}
