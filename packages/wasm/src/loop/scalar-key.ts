import type { Scalar } from "@gradus/tensor";

/** Equal keys mean programs that emit the same code. */
export function scalarKey(root: Scalar): string {
  const numbers = new Map<Scalar, number>();
  const parts: string[] = [];
  const visit = (scalar: Scalar): number => {
    const known = numbers.get(scalar);
    if (known !== undefined) return known;
    const part = describe(scalar);
    const number = parts.push(part);
    numbers.set(scalar, number);
    return number;
  };
  const describe = (scalar: Scalar): string => {
    switch (scalar.kind) {
      case "constant":
        return `c${scalar.dtype}${Object.is(scalar.value, -0) ? "-0" : scalar.value}`;
      case "index":
        return `i${indexKey(scalar.of)}`;
      case "load":
        return `l${scalar.buffer}[${indexKey(scalar.at)}]`;
      case "accumulator":
        return `a${scalar.slot}${scalar.dtype}`;
      case "call":
        return `${scalar.leaf}:${scalar.dtype}(${scalar.args.map(visit).join()})`;
    }
    scalar satisfies never;
    return "";
  };
  /** An index's own key names the values it reads by builder-local numbers; their programs are spelt out beside it. */
  const indexKey = (of: Extract<Scalar, { kind: "index" }>["of"]): string => {
    const values: number[] = [];
    const collect = (expression: typeof of): void => {
      for (const { atom } of expression.terms) {
        if (atom.kind === "value") values.push(visit(atom.value));
        else if (atom.kind !== "axis") collect(atom.of);
      }
    };
    collect(of);
    return `${of.key}{${values.join()}}`;
  };
  visit(root);
  return parts.join(" ");
}
