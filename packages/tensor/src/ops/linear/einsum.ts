import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { cast } from "../pointwise/cast.ts";
import { sum } from "../reduce/sum.ts";
import { diagonal } from "../view/diagonal.ts";
import { broadcastTo } from "../view/expand.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { parseEquation } from "./equation.ts";

/** A tensor with a label for each axis. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * A sum of products by Einstein's convention: axes that share a letter are walked together, and letters that the output
 * does not name are summed over. Operands are joined from left to right, each join one batched matrix product.
 *
 * A letter twice in one operand is its diagonal; `...` stands for axes that broadcast. Without `->` the output is every
 * letter that occurs once, in alphabetical order. Works in float32.
 *
 * Example: `einsum("bqd,bkd->bqk", queries, keys)`.
 *
 * @throws ArgumentError if the equation cannot be read, does not fit the operands, or their sizes differ.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const { inputs, output, extents } = parseEquation(equation, operands);
  const parts = operands.map((x, i) => prepared(cast(x, "float32"), inputs[i] ?? [], extents));
  const joined = parts.reduce((left, right, i) => {
    const wanted = new Set([...output, ...parts.slice(i + 1).flatMap(({ labels }) => labels)]);
    return contract(left, right, wanted, extents);
  });
  const { x, labels } = without(joined, (label) => !output.includes(label));
  return permute(
    x,
    output.map((label) => labels.indexOf(label)),
  );
}

/** Every label once, at its full extent. */
function prepared(x: Tensor, labels: readonly string[], extents: ReadonlyMap<string, number>): Labelled {
  const full = broadcastTo(
    x,
    labels.map((label) => extents.get(label) ?? 1),
  );
  const again = labels.findIndex((label, axis) => labels.indexOf(label) !== axis);
  if (again < 0) return { x: full, labels };
  const label = labels[again] ?? "";
  const first = labels.indexOf(label);
  const rest = labels.filter((_, axis) => axis !== first && axis !== again);
  return prepared(diagonal(full, { rows: first, columns: again }), [...rest, label], extents);
}

/** The product of two operands, summed over what only they have and nobody wants. */
function contract(a: Labelled, b: Labelled, wanted: ReadonlySet<string>, extents: ReadonlyMap<string, number>): Labelled {
  const left = without(a, (label) => !wanted.has(label) && !b.labels.includes(label));
  const right = without(b, (label) => !wanted.has(label) && !a.labels.includes(label));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const summed = shared.filter((label) => !wanted.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const size = (labels: readonly string[]): number => sizeOf(labels.map((label) => extents.get(label) ?? 1));
  const arranged = ({ x, labels }: Labelled, ...groups: readonly (readonly string[])[]): Tensor =>
    reshape(
      permute(
        x,
        groups.flat().map((label) => labels.indexOf(label)),
      ),
      groups.map(size),
    );
  const product = matmul(arranged(left, batch, rows, summed), arranged(right, batch, summed, columns));
  const labels = [...batch, ...rows, ...columns];
  return {
    x: reshape(
      product,
      labels.map((label) => extents.get(label) ?? 1),
    ),
    labels,
  };
}

function without({ x, labels }: Labelled, dropped: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, axis) => (dropped(label) ? [axis] : []));
  return axes.length === 0 ? { x, labels } : { x: sum(x, { axis: axes }), labels: labels.filter((label) => !dropped(label)) };
}
