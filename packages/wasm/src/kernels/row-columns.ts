import type { Local } from "../asm/index.ts";
import type { Arithmetic } from "./arithmetic.ts";

/** Columns of a row that make a vector: `first + lane * step`, for the lanes below `count`. */
export interface RowColumns {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** Columns there are; Infinity where all are known to be inside. */
  readonly width: number;
}

/**
 * How to push those columns of the row at an address, lanes outside it as zeros; null if all are. Nothing outside the row
 * is read: at its ends a vector that lies inside is shifted into place, so that no padded copy is needed.
 */
export function loadColumns(arithmetic: Arithmetic, { first, step, count, width }: RowColumns): ((row: Local<"i32">) => void) | null {
  const { f, lanes } = arithmetic;
  const columns = Array.from({ length: lanes }, (_, lane) => first + lane * step);
  const valid = columns.map((column, lane) => lane < count && column >= 0 && column < width);
  if (!valid.includes(true)) return null;
  if (lanes === 1) return (row) => f.f32.load(first * 4, row);
  if (step === 1 && !valid.includes(false)) return (row) => f.v128.load(first * 4, row);
  if (step > 2 || width < 4) return (row) => loadLanes(arithmetic, row, columns, valid);

  // Two vectors inside the row hold all valid columns: from the first one on, and up to the last one.
  const inside = (column: number) => Math.max(0, Math.min(column, width - 4));
  const [a, b] = [inside(first), inside(first + (step === 1 ? 0 : 3))];
  // The lower half from the first and the upper half from the second, where possible, is one instruction.
  const sources = columns.map((column, lane) => {
    const [inA, inB] = [column >= a && column < a + 4, column >= b && column < b + 4];
    return inA && (step === 1 || lane < 2 || !inB) ? column - a : column - b + 4;
  });
  if (step > 1)
    return (row) => {
      f.v128.load(a * 4, row);
      f.v128.load(b * 4, row);
      f.i8x16.shuffle(bytesOf(sources.map((source, lane) => (valid[lane] === true ? source : lane < 2 ? lane : 4 + lane))));
      if (!valid.includes(false)) return;
      f.v128.const(new Uint8Array(16));
      f.i8x16.shuffle(bytesOf(valid.map((is, lane) => (is ? lane : 4 + lane))));
    };
  // Zeros come from the second operand, in the lanes that make the whole a shift of both where it is one.
  const lane0 = valid.indexOf(true);
  const shift = (sources[lane0] ?? 0) - lane0;
  return (row) => {
    f.v128.load(a * 4, row);
    f.v128.const(new Uint8Array(16));
    f.i8x16.shuffle(bytesOf(sources.map((source, lane) => (valid[lane] === true ? source : 4 + ((lane + shift + 4) % 4)))));
  };
}

/** The bytes of a shuffle of 32-bit lanes. */
export function bytesOf(lanes: readonly number[]): number[] {
  return lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
}

function loadLanes({ f }: Arithmetic, row: Local<"i32">, columns: readonly number[], valid: readonly boolean[]): void {
  const vector = f.local("v128");
  f.set(vector, () => f.v128.const(new Uint8Array(16)));
  columns.forEach((column, lane) => {
    if (valid[lane] === true) f.set(vector, () => f.v128.load32_lane(column * 4, lane, row, vector));
  });
  f.get(vector);
  f.free(vector);
}
