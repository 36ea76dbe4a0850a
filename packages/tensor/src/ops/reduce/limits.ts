import type { DType } from "../../dtype.ts";

/**
 * What no value of a dtype lies below and above: infinities, or the ends of the integers' range.
 *
 * @internal
 */
export const limits: Readonly<Record<DType, { readonly smallest: number; readonly largest: number }>> = {
  float32: { smallest: Number.NEGATIVE_INFINITY, largest: Number.POSITIVE_INFINITY },
  float16: { smallest: Number.NEGATIVE_INFINITY, largest: Number.POSITIVE_INFINITY },
  int32: { smallest: -(2 ** 31), largest: 2 ** 31 - 1 },
  uint8: { smallest: 0, largest: 255 },
  int8: { smallest: -128, largest: 127 },
  bool: { smallest: 0, largest: 1 },
};
