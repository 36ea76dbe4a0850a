import type { LibraryStep, RoutineStep } from "@gradus/compile";
import type { Aval, Host } from "@gradus/tensor";
import { specs } from "@gradus/tensor/specs";

/** A library call on float64 arrays, inputs in slot order. */
export type Run = (inputs: readonly Float64Array[]) => ArrayLike<number>;

/** The parts of a spec that a loop over all rows can use. */
interface Meaning {
  reference(x: Readonly<Record<string, Host | readonly Host[] | null>>, attrs: object, out: Aval): ArrayLike<number>;
}

/** What a library or routine step computes: its op's definition, which stands in the op's spec and nowhere else. */
export function definitionOf(step: LibraryStep | RoutineStep): Run {
  const { x, attrs, out } = step.call;
  const meaning = meaningOf(step.kind === "library" ? step.op : step.op.name);
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

/** The table is typed row by row, and a step names its row. */
function meaningOf(name: string): Meaning {
  const meanings: Readonly<Record<string, Meaning>> = specs;
  const meaning = meanings[name];
  if (meaning === undefined) throw new RangeError(`${name} has no spec`);
  return meaning;
}

function isList(value: Aval | readonly Aval[]): value is readonly Aval[] {
  return Array.isArray(value);
}
