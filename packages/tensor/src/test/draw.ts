import { type DType, hostArray } from "../dtype.ts";
import type { AnyOp } from "../op/define.ts";
import type { CaseInput } from "../op/spec.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { leaf } from "./evaluate.ts";

/** A spec's case, with its op's types forgotten. */
export interface ErasedCase {
  readonly x: Readonly<Record<string, CaseInput | readonly CaseInput[] | null>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

export type Drawn = Readonly<Record<string, Tensor | readonly Tensor[] | null>>;

/** Fills a case's inputs with repeatable values. */
export function drawCase(op: AnyOp, { x }: ErasedCase, seed = 1): Drawn {
  const random = mulberry(seed);
  return Object.fromEntries(
    Object.entries(op.inputs).map(([name, slot]) => {
      const input = x[name] ?? null;
      if (input === null) return [name, null];
      return [name, slot === "many" ? (input as readonly CaseInput[]).map((item) => draw(item, random)) : draw(input as CaseInput, random)];
    }),
  );
}

function draw(input: CaseInput, random: () => number): Tensor {
  const description: Exclude<CaseInput, Shape> = isShape(input) ? { shape: input } : input;
  const { shape, dtype = "float32", values } = description;
  const [low, high] = description.range ?? (dtype === "bool" ? [0, 1] : [-1, 1]);
  const one = (): number => (dtype === "float32" ? low + (high - low) * random() : low + Math.floor((high - low + 1) * random()));
  const data = stored(dtype, values ?? Array.from({ length: sizeOf(shape) }, one));
  return leaf({ shape, dtype }, data);
}

function stored(dtype: DType, values: readonly number[]): ArrayLike<number> {
  const data = hostArray(dtype, values.length);
  data.set(values);
  return data;
}

function isShape(input: CaseInput): input is Shape {
  return Array.isArray(input);
}

/** Uniform numbers in 0 .. 1 from a 32-bit state. */
export function mulberry(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
