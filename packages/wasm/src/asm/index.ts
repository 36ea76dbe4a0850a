export { AssemblerError } from "./error.ts";
export { type ExportedFunction, exportedFunction } from "./exported-function.ts";
export { type CallOperands, FunctionBuilder, type Label, type Tuple } from "./function-builder.ts";
export type { InstructionArgument, Instructions, MemoryOffset, Operand } from "./instructions.ts";
export type { InstructionRow } from "./instruction-table.ts";
export { Local } from "./local.ts";
export { type FunctionOptions, type MemoryImport, ModuleBuilder, type ParameterLocals } from "./module-builder.ts";
export type { FunctionHandle, GlobalHandle, Signature, ValueType } from "./types.ts";
