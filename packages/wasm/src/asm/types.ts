/** The WebAssembly value types the assembler knows. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** The binary format's code of each value type. */
export const valueTypeCode = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** Parameters and results of a function; at most one result. */
export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | null;
}

/** A function of a module, as `call` names it. */
export interface FunctionHandle<P extends readonly ValueType[] = readonly ValueType[]> extends Signature {
  readonly index: number;
  readonly name: string;
  readonly parameters: P;
}

/** A global variable of a module. */
export interface GlobalHandle<T extends ValueType = ValueType> {
  readonly index: number;
  readonly name: string;
  readonly type: T;
  readonly mutable: boolean;
}
