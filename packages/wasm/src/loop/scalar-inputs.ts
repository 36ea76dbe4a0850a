import type { IndexExpression, Scalar } from "@gradus/tensor";

/** Scalars a scalar is computed from, through its index if it is read from data. */
export function inputsOf(scalar: Scalar): readonly Scalar[] {
  switch (scalar.kind) {
    case "call":
      return scalar.args;
    case "load":
      return indexInputs(scalar.at);
    case "index":
      return indexInputs(scalar.of);
    case "constant":
    case "accumulator":
      return [];
  }
  scalar satisfies never;
}

function indexInputs({ terms }: IndexExpression): Scalar[] {
  return terms.flatMap(({ atom }) => {
    if (atom.kind === "value") return [atom.value];
    return atom.kind === "axis" ? [] : indexInputs(atom.of);
  });
}
