import { isFloat } from "../../dtype.ts";
import type { Aval, Fail } from "../../op/define.ts";

/**
 * The floating-point dtype both factors of a contraction have. Sums of products are made in float32 whichever it is.
 *
 * @internal
 */
export function factorsDType(a: Aval, b: Aval, fail: Fail): "float32" | "float16" {
  const { dtype } = a;
  if (!isFloat(dtype) || !isFloat(b.dtype)) {
    return fail({
      code: "dtype/unsupported",
      sentence: `takes float32 or float16, not ${isFloat(dtype) ? b.dtype : dtype}`,
      hint: "cast first",
    });
  }
  if (dtype !== b.dtype) fail({ code: "dtype/differ", sentence: `dtypes differ (${dtype} and ${b.dtype})`, hint: "cast one of them" });
  return dtype;
}
