import { expect } from "vitest";

/** Checks that values agree within `tolerance` times the largest expected magnitude. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what = "values"): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  const values = Array.from(expected);
  const scale = values.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 1e-6);
  let worst = 0;
  values.forEach((value, i) => {
    const distance =
      Object.is(actual[i], value) || (Number.isNaN(value) && Number.isNaN(actual[i])) ? 0 : Math.abs((actual[i] ?? Number.NaN) - value);
    if (!(distance <= worst)) worst = distance;
  });
  expect(worst / scale, `${what}: largest difference over largest value`).toBeLessThanOrEqual(tolerance);
}
