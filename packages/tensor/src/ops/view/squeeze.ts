import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { resolveAxes, resolveAxis } from "../reduce/axes.ts";
import { reshape } from "./reshape.ts";

/**
 * Drops axes of size 1: the given ones, or all of them.
 *
 * @throws ArgumentError if a given axis has another size.
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  if (axis === undefined)
    return reshape(
      x,
      x.shape.filter((extent) => extent !== 1),
    );
  const axes = resolveAxes("squeeze", x, axis);
  const wide = axes.find((i) => x.shape[i] !== 1);
  if (wide !== undefined) {
    throw new ArgumentError("argument/squeeze", `axis ${wide} has ${x.shape[wide]} elements, not 1`, {
      subject: "squeeze",
      facts: { x: String(x) },
    });
  }
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/**
 * Adds an axis of size 1, which becomes axis `axis` of the result; -1 adds it at the end.
 *
 * @throws ArgumentError for an axis the result would not have.
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  return reshape(x, x.shape.toSpliced(resolveAxis("unsqueeze", x, axis, x.rank + 1), 0, 1));
}
