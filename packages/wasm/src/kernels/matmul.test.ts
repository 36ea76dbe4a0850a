import { describe, expect, it } from "vitest";
import { matmulKernels, type MatmulShape, summedMatmul } from "./matmul.ts";
import { biasRelu, biasReluOf, expectKernels, levels, randomFloats } from "./run-kernels.test.harness.ts";

function product(
  { batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB }: MatmulShape,
  a: Float32Array,
  b: Float32Array,
): Float64Array {
  const c = new Float64Array(batch * m * n);
  for (let g = 0; g < batch; g++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let s = 0; s < k; s++)
          sum +=
            (a[g * batchStrideA + (transposeA ? s * m + i : i * k + s)] ?? NaN) *
            (b[g * batchStrideB + (transposeB ? j * k + s : s * n + j)] ?? NaN);
        c[(g * m + i) * n + j] = sum;
      }
  return c;
}

const sizes: readonly (readonly [m: number, n: number, k: number])[] = [
  [1, 1, 1],
  [1, 7, 5],
  [1, 64, 33],
  [7, 1, 5],
  [40, 1, 19],
  [2, 17, 9],
  [3, 13, 4],
  [3, 30, 21],
  [4, 8, 16],
  [5, 5, 5],
  [6, 8, 4],
  [7, 11, 13],
  [8, 16, 10],
  [13, 4, 6],
  [17, 35, 3],
  [20, 24, 25],
  [64, 10, 50],
  [31, 33, 37],
  [64, 50, 80],
  [12, 9, 600],
  [25, 40, 1030],
  [1, 300, 520],
  [50, 64, 0],
  [9, 260, 255],
  [70, 300, 20],
  [131, 261, 256],
  [5, 261, 256],
  [13, 77, 1030],
  [257, 65, 1030],
];
const transposes = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

describe.each(levels)("matmul on %s", (level) => {
  it.each(sizes)("%i x %i x %i", (m, n, k) => {
    for (const [transposeA, transposeB] of transposes)
      for (const withEpilogue of [false, true]) {
        const shape = { batch: 1, m, n, k, transposeA, transposeB, batchStrideA: m * k, batchStrideB: k * n };
        const a = randomFloats(m * k, 1);
        const b = randomFloats(k * n, 2);
        const expected = product(shape, a, b);
        if (!withEpilogue) {
          expectKernels(matmulKernels(shape, null), [a, b], expected, level);
          continue;
        }
        for (const axis of [1, 2]) {
          const bias = randomFloats(axis === 1 ? m : n, 3);
          const finished = expected.map((value, i) => biasReluOf(value, bias[axis === 1 ? Math.floor(i / n) : i % n] ?? NaN, 0, i % n));
          expectKernels(matmulKernels(shape, biasRelu(axis)), [a, b, bias], finished, level);
        }
      }
  });

  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])("batches, repeated: a %s, b %s", (eachA, eachB) => {
    for (const [m, n, k] of [
      [5, 9, 7],
      [1, 12, 6],
      [9, 1, 6],
      [24, 300, 260],
    ] as const)
      for (const [transposeA, transposeB] of transposes) {
        const shape = { batch: 3, m, n, k, transposeA, transposeB, batchStrideA: eachA ? m * k : 0, batchStrideB: eachB ? k * n : 0 };
        const a = randomFloats(m * k * (eachA ? 3 : 1), 4);
        const b = randomFloats(k * n * (eachB ? 3 : 1), 5);
        const bias = randomFloats(m, 6);
        const finished = product(shape, a, b).map((value, i) =>
          biasReluOf(value, bias[Math.floor(i / n) % m] ?? NaN, Math.floor(i / (m * n)), i % n),
        );
        expectKernels(matmulKernels(shape, biasRelu(1)), [a, b, bias], finished, level);
      }
  });

  it.each([
    [1, 1, 1],
    [5, 9, 7],
    [13, 41, 6],
    [26, 70, 1030],
    [10, 72, 1024],
  ])("sums a batch's products: %i x %i x %i", (m, n, k) => {
    for (const [transposeA, transposeB] of transposes) {
      const shape = { batch: 3, m, n, k, transposeA, transposeB, batchStrideA: m * k, batchStrideB: k * n };
      const a = randomFloats(3 * m * k, 4);
      const b = randomFloats(3 * k * n, 5);
      const each = product(shape, a, b);
      const sum = each.slice(0, m * n).map((_, i) => [0, 1, 2].reduce((total, g) => total + (each[g * m * n + i] ?? NaN), 0));
      expectKernels(summedMatmul(shape, [1, 0]), [b, a], sum, level);
    }
  });

  it.each([
    [10, 64, 1024],
    [263, 72, 1024],
    [10, 72, 2048],
  ])("copies rows whose distance is a power of two: %i x %i x %i", (m, n, k) => {
    const shape = { batch: 1, m, n, k, transposeA: false, transposeB: false, batchStrideA: 0, batchStrideB: 0 };
    const a = randomFloats(m * k, 7);
    const b = randomFloats(n * k, 8);
    expectKernels(matmulKernels(shape, null), [a, b], product(shape, a, b), level);
  });

  it("copies columns that are far apart", () => {
    const shape = { batch: 1, m: 10, n: 72, k: 2048, transposeA: false, transposeB: false, batchStrideA: 0, batchStrideB: 0 };
    const across = { ...shape, m: 2048, n: 64, k: 40, transposeA: true };
    const [tall, wide] = [randomFloats(2048 * 40, 9), randomFloats(64 * 40, 10)];
    expectKernels(matmulKernels(across, null), [tall, wide], product(across, tall, wide), level);
  });
});

it("has nothing to do for an empty result", () => {
  const shape = { batch: 1, m: 4, n: 5, k: 6, transposeA: false, transposeB: false, batchStrideA: 0, batchStrideB: 0 };
  for (const empty of [{ batch: 0 }, { m: 0 }, { n: 0 }]) expect(matmulKernels({ ...shape, ...empty }, null)).toEqual([]);
});
