import type { LibraryStep } from "@gradus/compile";
import type { Aval, Host } from "@gradus/tensor";
import { specs } from "@gradus/tensor/specs";

/** A library call on float64 arrays, inputs in slot order. */
export type Run = (inputs: readonly Float64Array[]) => ArrayLike<number>;

/** The parts of a spec that a loop over all rows can use. */
interface Meaning {
  reference(x: Readonly<Record<string, Host | readonly Host[] | null>>, attrs: object, out: Aval): ArrayLike<number>;
}

/** What a library step computes: its op's definition, which stands in the op's spec and nowhere else. */
export function definitionOf({ op, call: { x, attrs, out } }: LibraryStep): Run {
  // The table is typed row by row, and a step names its row.
  const meaning: Meaning = specs[op];
  const slots: Readonly<Record<string, Aval | readonly Aval[] | null>> = x;
  return (inputs) => {
    let next = 0;
    const host = ({ shape, dtype }: Aval): Host => ({ shape, dtype, data: inputs[next++] ?? new Float64Array(0) });
    const given = Object.fromEntries(
      Object.entries(slots).map(([slot, value]) => [slot, value === null ? null : isList(value) ? value.map(host) : host(value)]),
    );
    return meaning.reference(given, attrs, out);
  };
}

function isList(value: Aval | readonly Aval[]): value is readonly Aval[] {
  return Array.isArray(value);
}
