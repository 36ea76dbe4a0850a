import {
  type AnyOp,
  type CaseInput,
  type ErasedOp,
  fromHost,
  type Host,
  hostFrom,
  type HostTensor,
  isFloat,
  numbersOf,
  ops as allOps,
  type Ops,
  type Shape,
  sizeOf,
  type Spec,
  type Tensor,
} from "@gradus/tensor";
import { specs as allSpecs } from "@gradus/tensor/specs";
import { inHalves } from "./half-cases.ts";
import { uniform } from "./random.ts";

/** A spec's case, with its op's types forgotten. */
export interface ErasedCase {
  readonly x: Readonly<Record<string, CaseInput | readonly CaseInput[] | null>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** An op with its spec, for a loop that knows no op by name. */
export interface SpecifiedOp {
  readonly name: string;
  readonly op: ErasedOp;
  readonly cases: readonly ErasedCase[];
  readonly rejects: readonly (ErasedCase & { readonly code: string })[];
  readonly noGradient: string | undefined;
  reference(
    x: Readonly<Record<string, Host | readonly Host[] | null>>,
    attrs: Readonly<Record<string, unknown>>,
    out: AvalOf,
  ): ArrayLike<number>;
}

type AvalOf = Pick<Host, "shape" | "dtype">;
type ErasedSpec = Omit<SpecifiedOp, "name" | "op">;

/** A case's inputs by slot, on the host. */
export type Drawn = Readonly<Record<string, HostTensor | readonly HostTensor[] | null>>;

/** Every op of the library with its spec, in the table's order; cases of float32 are tried in halves too. */
export function specifiedOps(): SpecifiedOp[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table is typed row by row; a loop over all rows can only see what they have in common
  const table = allOps as unknown as Readonly<Record<string, ErasedOp>>;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keyed and typed as the table above
  const meanings = allSpecs as unknown as Readonly<Record<string, ErasedSpec>>;
  return Object.entries(table).map(([name, op]) => {
    const spec = meanings[name];
    if (spec === undefined) throw new RangeError(`op "${name}" has no spec`);
    return {
      name,
      op,
      cases: [...spec.cases, ...spec.cases.flatMap((each) => inHalves(op, each) ?? [])],
      rejects: spec.rejects,
      noGradient: spec.noGradient,
      reference: (x, attrs, out) => spec.reference(x, attrs, out),
    };
  });
}

/** An op from outside the library's table, ready for the same loop. */
export function specifiedOp<K extends keyof Ops>(op: Ops[K], spec: Spec<Ops[K]>): SpecifiedOp {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above, for one row
  const erased = spec as unknown as ErasedSpec;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above, for one row
  const row = op as unknown as ErasedOp;
  return {
    name: op.name,
    op: row,
    cases: erased.cases,
    rejects: erased.rejects,
    noGradient: spec.noGradient,
    reference: (x, attrs, out) => erased.reference(x, attrs, out),
  };
}

/** Fills a case's inputs with values that repeat for the same seed, already rounded to their dtype. */
export function drawCase({ inputs }: AnyOp, { x }: ErasedCase, seed: number): Drawn {
  const random = uniform(seed);
  return Object.fromEntries(
    Object.keys(inputs).map((slot): [string, HostTensor | readonly HostTensor[] | null] => {
      const input = x[slot] ?? null;
      if (input === null) return [slot, null];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a list is a shape or several inputs, and the slot says which
      if (inputs[slot] === "many") return [slot, (input as readonly CaseInput[]).map((item) => drawInput(item, random))];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      return [slot, drawInput(input as CaseInput, random)];
    }),
  );
}

/** Draws one input as its description says. */
export function drawInput(input: CaseInput, random: () => number): HostTensor {
  const { shape, dtype = "float32", range, values } = isShape(input) ? { shape: input } : input;
  const numbers = new Float64Array(sizeOf(shape));
  const [low, high] = range ?? (dtype === "bool" ? [0, 1] : [-1, 1]);
  const one = (): number => (isFloat(dtype) ? low + (high - low) * random() : low + Math.floor((high - low + 1) * random()));
  for (let i = 0; i < numbers.length; i++) numbers[i] = values?.[i] ?? one();
  return { shape, dtype, data: hostFrom(dtype, numbers) };
}

/** Maps the tensors of a case, slot by slot. */
export function mapDrawn<A, B>(
  drawn: Readonly<Record<string, A | readonly A[] | null>>,
  map: (item: A) => B,
): Record<string, B | B[] | null> {
  return Object.fromEntries(
    Object.entries(drawn).map(([slot, value]) => [slot, value === null ? null : isList(value) ? value.map(map) : map(value)]),
  );
}

/** The tensors of a case in slot order. */
export function flatten<A>(drawn: Readonly<Record<string, A | readonly A[] | null>>): A[] {
  return Object.values(drawn).flatMap((value) => (value === null ? [] : isList(value) ? value : [value]));
}

export function toTensor({ shape, dtype, data }: HostTensor): Tensor {
  return fromHost(shape, dtype, data);
}

export function toHost({ shape, dtype, data }: HostTensor): Host {
  return { shape, dtype, data: Float64Array.from(numbersOf(dtype, data)) };
}

/** A case in one line, for reports. */
export function describeCase(drawn: Drawn, attrs: Readonly<Record<string, unknown>>): string {
  const inputs = Object.entries(drawn).map(
    ([slot, value]) =>
      `${slot} ${value === null ? "absent" : isList(value) ? `[${value.map(describeAval).join("; ")}]` : describeAval(value)}`,
  );
  const rest = Object.entries(attrs).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [...inputs, ...rest].join(", ");
}

function describeAval({ dtype, shape }: AvalOf): string {
  return `${dtype}[${shape.join(", ")}]`;
}

function isShape(input: CaseInput): input is Shape {
  return Array.isArray(input);
}

function isList<A>(value: A | readonly A[]): value is readonly A[] {
  return Array.isArray(value);
}
