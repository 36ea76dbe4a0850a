import type { MatmulCase } from "../src/case.ts";

/** The obvious product of a [m, k] and b [k, n]. */
export function product(
  { m, n, k }: Pick<MatmulCase, "m" | "n" | "k">,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += (a[Math.floor(at / n) * k + p] ?? 0) * (b[p * n + (at % n)] ?? 0);
    return sum;
  });
}
