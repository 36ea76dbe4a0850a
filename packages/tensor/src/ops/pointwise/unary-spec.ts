import type { Case, CaseInput, Host } from "../../op/spec.ts";
import type { UnaryOp } from "./define-pointwise.ts";

/**
 * The spec of an op of one float32 input that is a function of numbers, tried on several shapes with values in `range`.
 *
 * @internal
 */
export function unarySpec(of: (v: number) => number, range: readonly [low: number, high: number] = [-1, 1]) {
  const cases: readonly Case<UnaryOp<string>>[] = [[5], [4, 33], [], [2, 0]].map((shape) => ({
    x: { x: { shape, range } satisfies CaseInput },
    attrs: {},
  }));
  return {
    reference: ({ x }: { readonly x: Host }) => x.data.map(of),
    cases,
    rejects: [{ x: { x: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" }] as const,
  };
}
