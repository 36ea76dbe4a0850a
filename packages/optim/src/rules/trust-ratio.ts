import { div, greater, logicalAnd, mul, norm, type Tensor, where } from "@gradus/tensor";

/** |p| / size * scale, a scalar, where both lengths are above 0; otherwise 1, so that a parameter of zeros can leave them. */
export function trustRatio(param: Tensor, size: Tensor, scale = 1): Tensor {
  const length = norm(param);
  const both = logicalAnd(greater(length, 0), greater(size, 0));
  return where(both, mul(div(length, where(both, size, 1)), scale), 1);
}
