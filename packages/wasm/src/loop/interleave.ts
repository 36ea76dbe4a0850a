import type { FunctionBuilder, Local } from "../asm/index.ts";
import { bytesOf } from "../kernels/row-columns.ts";

/** The elements of two or four vectors in turn, as as many vectors in new locals: of [a b c d] and [e f g h], [a e b f] and [c g d h]. */
export function interleave(f: FunctionBuilder, vectors: readonly Local[]): Local[] {
  if (vectors.length <= 1) return vectors.map((vector) => f.local("v128", () => f.get(vector)));
  const half = vectors.length / 2;
  // First those that lie half of them apart: what comes of them belongs together, first parts with first parts.
  const joined = vectors.slice(0, half).map((a, i) => {
    const b = vectors[half + i] ?? a;
    const shuffled = (lanes: readonly number[]): Local =>
      f.local("v128", () =>
        f.i8x16.shuffle(
          bytesOf(lanes),
          () => f.get(a),
          () => f.get(b),
        ),
      );
    return [shuffled([0, 4, 1, 5]), shuffled([2, 6, 3, 7])];
  });
  if (half === 1) return joined.flat();
  const result = [0, 1].flatMap((part) =>
    interleave(
      f,
      joined.flatMap((halves) => halves[part] ?? []),
    ),
  );
  f.free(...joined.flat());
  return result;
}
