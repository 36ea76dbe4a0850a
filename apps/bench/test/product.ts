import type { NamedArray } from "@gradus/conformance/perf";

/** The obvious product of a [m, k] and b [k, n]. */
export function product(
  { shape: [m = 0, k = 0], data: a }: NamedArray,
  { shape: [, n = 0], data: b }: NamedArray,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += (a[Math.floor(at / n) * k + p] ?? 0) * (b[p * n + (at % n)] ?? 0);
    return sum;
  });
}
