import type { LibraryCall } from "@gradus/compile";
import { isFloat } from "@gradus/tensor";
import type { Kernels, Operand } from "./kernel.ts";
import { sortKernels } from "./stable-sort.ts";

/** Sorts each row by integers that are ordered as the values are wanted. */
export function argsortKernels(
  { x: { x }, attrs: { descending }, out }: LibraryCall<"argsort">,
  source: Operand,
  positions: Operand,
): Kernels {
  const [rows = 0, n = 0] = out.shape;
  if (rows * n === 0) return [];
  return sortKernels({
    name: "argsort",
    rows,
    n,
    source,
    positions,
    key: (memory) => keyOf(isFloat(x.dtype), descending, memory.load(0, "first + own")),
  });
}

/** Without its sign a float is ordered as the integer of its bits is; a NaN is larger than infinity. */
function keyOf(float: boolean, descending: boolean, value: string): string {
  const ordered = float
    ? `let bits = bitcast<i32>(${value});
let magnitude = bits & 0x7fffffff;
key = select(select(bits, -magnitude, bits < 0), 0x7fffffff, magnitude > 0x7f800000);`
    : `key = ${value};`;
  return descending ? `${ordered}\nkey = ~key;` : ordered;
}
