import type { ByteWriter } from "./bytes.ts";
import { AssemblerError } from "./error.ts";
import type { InstructionArgument, MemoryOffset } from "./instructions.ts";
import type { InstructionRow } from "./instruction-table.ts";

/** Writes what follows an opcode, after checking its ranges. */
export function writeImmediates(code: ByteWriter, name: string, row: InstructionRow, args: readonly InstructionArgument[]): void {
  const first = args[0];
  switch (row.immediate) {
    case "none":
      return;
    case "memory":
      return writeMemory(code, name, row, first);
    case "memoryLane":
      writeMemory(code, name, row, first);
      return code.u8(integer(name, "lane", args[1], 0, 16 / row.size - 1));
    case "lane":
      return code.u8(integer(name, "lane", first, 0, row.size - 1));
    case "lanes":
    case "bytes": {
      const limit = row.immediate === "lanes" ? 31 : 255;
      if (!isLanes(first) || first.length !== 16) throw invalid(name, "16 lanes", first);
      for (const lane of first) code.u8(integer(name, "lane", lane, 0, limit));
      return;
    }
    case "literal":
      return writeLiteral(code, name, row, first);
    default:
      row.immediate satisfies never;
  }
}

function writeLiteral(code: ByteWriter, name: string, row: InstructionRow, value: InstructionArgument | undefined): void {
  if (row.result === "i64") {
    if (typeof value !== "bigint" || value < -(2n ** 63n) || value >= 2n ** 63n) throw invalid(name, "a bigint of 64 bits", value);
    return code.s64(value);
  }
  if (typeof value !== "number") throw invalid(name, "a number", value);
  if (row.result === "f32") return code.f32(value);
  if (row.result === "f64") return code.f64(value);
  code.s32(integer(name, "constant", value, -(2 ** 31), 2 ** 32 - 1) | 0);
}

function writeMemory(code: ByteWriter, name: string, row: InstructionRow, at: InstructionArgument | undefined): void {
  const { offset, align } = isPlace(at) ? at : { offset: at, align: row.exactAlignment ? row.size : Math.min(row.size, 4) };
  const log = Math.log2(align);
  if (!Number.isInteger(log) || align > row.size || (row.exactAlignment && align !== row.size))
    throw invalid(name, `an alignment that divides ${row.size}`, align);
  code.u32(log);
  code.u32(integer(name, "offset", offset, 0, 2 ** 32 - 1));
}

function isPlace(value: InstructionArgument | undefined): value is Exclude<MemoryOffset, number> {
  return typeof value === "object" && "offset" in value;
}

// Array.isArray alone would take a readonly array for any[].
function isLanes(value: InstructionArgument | undefined): value is readonly number[] | Uint8Array {
  return Array.isArray(value) || value instanceof Uint8Array;
}

function integer(name: string, what: string, value: InstructionArgument | undefined, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
    throw invalid(name, `a whole ${what} from ${low} to ${high}`, value);
  return value;
}

function invalid(name: string, expected: string, found: unknown): AssemblerError {
  return new AssemblerError("asm/immediate", `${name} expects ${expected}, found ${String(found)}`);
}
