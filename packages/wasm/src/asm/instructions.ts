import {
  type ImmediateKind,
  type InstructionRow,
  instructionRow,
  type InstructionTable,
  instructionTable,
  type typeOfLetter,
  type TypeLetter,
} from "./instruction-table.ts";
import type { Local } from "./local.ts";
import type { ValueType } from "./types.ts";

/**
 * A value handed to an instruction: a local (read at that point), a number (a constant), or a callback that emits code
 * leaving exactly one value on the stack.
 */
export type Operand<T extends ValueType = ValueType> = T extends ValueType ? Local<T> | Literal<T> | (() => void) : never;

type Literal<T extends ValueType> = T extends "i64" ? bigint : T extends "v128" ? never : number;

/** A constant byte offset added to the address, with the alignment to promise when it is not the natural one. */
export type MemoryOffset = number | { readonly offset: number; readonly align: number };

interface ImmediateArguments<R extends ValueType | null> {
  none: [];
  memory: [offset: MemoryOffset];
  lane: [lane: number];
  memoryLane: [offset: MemoryOffset, lane: number];
  lanes: [lanes: readonly number[]];
  bytes: [bytes: Uint8Array];
  literal: [value: R extends "i64" ? bigint : number];
}

type TypesOf<Letters extends string> = Letters extends `${infer T extends TypeLetter}${infer Rest}`
  ? [(typeof typeOfLetter)[T], ...TypesOf<Rest>]
  : [];

/** An instruction's trailing operands; those left out are taken from the stack. */
type Trailing<P extends readonly ValueType[]> = P extends readonly [
  infer A extends ValueType,
  infer B extends ValueType,
  infer C extends ValueType,
]
  ? [] | [Operand<C>] | [Operand<B>, Operand<C>] | [Operand<A>, Operand<B>, Operand<C>]
  : P extends readonly [infer A extends ValueType, infer B extends ValueType]
    ? [] | [Operand<B>] | [Operand<A>, Operand<B>]
    : P extends readonly [infer A extends ValueType]
      ? [] | [Operand<A>]
      : [];

type Method<Row extends string> = Row extends `${string} ${infer P}>${infer R} ${infer K extends ImmediateKind} ${number}`
  ? Call<P, R, K>
  : Row extends `${string} >${infer R} literal`
    ? Call<"", R, "literal">
    : Row extends `${string} ${infer P}>${infer R}`
      ? Call<P, R, "none">
      : never;

type Call<P extends string, R extends string, K extends ImmediateKind> = (
  ...args: [...ImmediateArguments<TypesOf<R>[0] extends infer T extends ValueType ? T : null>[K], ...Trailing<TypesOf<P>>]
) => void;

/**
 * The instruction set as methods, grouped by what stands before the dot: `f32x4.mul`, `v128.load`, ...
 * Arguments are the immediates, then operands: `i32.add(x, 4)`; `i32.add(4)` adds to the value on the stack; `i32.add()` takes both.
 */
export type Instructions = {
  readonly [S in keyof InstructionTable]: { readonly [N in keyof InstructionTable[S]]: Method<InstructionTable[S][N] & string> };
};

export type InstructionArgument = MemoryOffset | bigint | readonly number[] | Uint8Array | Operand;

/** Builds the methods; each call arrives at `emit` with its row and its raw arguments. */
export function instructions(emit: (name: string, row: InstructionRow, args: readonly InstructionArgument[]) => void): Instructions {
  const spaces: Record<string, Record<string, (...args: InstructionArgument[]) => void>> = {};
  for (const { name, space, method, row } of instructionRows) (spaces[space] ??= {})[method] = (...args) => emit(name, row, args);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keyed by the table, as the type is: the compiler cannot follow the loop
  return spaces as unknown as Instructions;
}

/** How many leading arguments of a method are immediates. */
export const immediateCount = { none: 0, memory: 1, lane: 1, memoryLane: 2, lanes: 1, bytes: 1, literal: 1 } as const satisfies Record<
  ImmediateKind,
  number
>;

/** Every instruction of the table. */
export const instructionRows: readonly {
  readonly name: string;
  readonly space: string;
  readonly method: string;
  readonly row: InstructionRow;
}[] = Object.entries(instructionTable).flatMap(([space, methods]) =>
  Object.entries<string>(methods).map(([method, text]) => ({ name: `${space}.${method}`, space, method, row: instructionRow(text) })),
);
