import type { FunctionBuilder, Local, Operand } from "../asm/index.ts";
import { kernel, type Kernel } from "./kernel.ts";

/** Rows of values, and the order that is wanted. */
export interface ArgsortShape {
  readonly rows: number;
  readonly n: number;
  readonly dtype: "float32" | "int32";
  readonly descending: boolean;
}

/** Rows up to this long are sorted by insertion, which needs no counts. */
const longestInserted = 64;
/** Values a tile sorts at least, where there are as many rows. */
const valuesPerTile = 4096;
/** Digits of eight bits. */
const digits = [0, 8, 16, 24] as const;
const buckets = 256;

/**
 * The kernel of one argsort; buffers are the values (as 32-bit words) and the positions. Long rows are sorted digit by digit, from the
 * lowest: each pass keeps the order of equals, so that four of them sort whole keys. (Knuth, The Art of Computer Programming, 5.2.5.)
 */
export function argsortKernels(shape: ArgsortShape): readonly Kernel[] {
  const { rows, n, dtype, descending } = shape;
  if (rows * n === 0) return [];
  const rowsPerTile = Math.max(1, Math.floor(valuesPerTile / n));
  const inserted = n <= longestInserted;
  return [
    kernel({
      name: `argsort ${rows}x${n}`,
      key: `argsort ${rows},${n},${dtype},${descending}`,
      tiles: Math.ceil(rows / rowsPerTile),
      scratchBytes: inserted ? roundedUp(4 * n) : roundedUp(12 * n) + digits.length * buckets * 4,
      workspaceBytes: 0,
      buffers: 2,
      body: (f, _level, { tile, scratch, buffers: [values = tile], output }) => {
        const row = f.local("i32", () => f.i32.mul(tile, rowsPerTile));
        const end = f.local("i32", () => f.i32.add(row, rowsPerTile));
        f.set(end, () => f.select("i32", end, rows, () => f.i32.lt_s(end, rows)));
        const from = f.local("i32");
        const to = f.local("i32");
        f.for(row, row, end, 1, () => {
          f.set(from, () => f.i32.add(values, () => f.i32.mul(row, 4 * n)));
          f.set(to, () => f.i32.add(output, () => f.i32.mul(row, 4 * n)));
          (inserted ? insert : countDigits)(f, shape, from, to, scratch);
        });
      },
    }),
  ];
}

/** Each key goes before those larger than it that came earlier. */
function insert(f: FunctionBuilder, shape: ArgsortShape, values: Local<"i32">, positions: Local<"i32">, keys: Local<"i32">): void {
  const [i, key, place, before] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
  f.for(i, 0, shape.n, 1, () => {
    setKey(f, shape, key, at(f, values, i));
    f.set(place, i);
    f.block((found) => {
      f.loop((again) => {
        f.brIf(found, () => f.i32.eqz(place));
        f.set(before, () => f.i32.sub(place, 1));
        f.brIf(found, () => f.i32.le_s(() => f.i32.load(0, at(f, keys, before)), key));
        f.i32.store(0, at(f, keys, place), () => f.i32.load(0, at(f, keys, before)));
        f.i32.store(0, at(f, positions, place), () => f.i32.load(0, at(f, positions, before)));
        f.set(place, before);
        f.br(again);
      });
    });
    f.i32.store(0, at(f, keys, place), key);
    f.i32.store(0, at(f, positions, place), i);
  });
  f.free(i, key, place, before);
}

/** Counts all digits at once, and then moves keys and positions to and fro, four times; the last time only positions. */
function countDigits(f: FunctionBuilder, shape: ArgsortShape, values: Local<"i32">, output: Local<"i32">, scratch: Local<"i32">): void {
  const { n } = shape;
  const [i, key, digit, place] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
  const scratchAt = (offset: number): Local<"i32"> => f.local("i32", () => f.i32.add(scratch, offset));
  const [keys, other, positions] = [scratchAt(0), scratchAt(4 * n), scratchAt(8 * n)];
  const counts = scratchAt(roundedUp(12 * n));
  /** Sets `digit` to the address of the count of the key's digit. */
  const findCount = (shift: number, pass: number): void => {
    f.set(digit, () => f.i32.shl(() => f.i32.and(() => f.i32.shr_u(key, shift), buckets - 1), 2));
    f.set(digit, () => f.i32.add(() => f.i32.add(counts, pass * buckets * 4), digit));
  };

  f.memory.fill(counts, 0, digits.length * buckets * 4);
  f.for(i, 0, n, 1, () => {
    setKey(f, shape, key, at(f, values, i));
    // Digits have no sign.
    f.set(key, () => f.i32.xor(key, -(2 ** 31)));
    f.i32.store(0, at(f, keys, i), key);
    digits.forEach((shift, pass) => {
      findCount(shift, pass);
      f.i32.store(0, digit, () => f.i32.add(() => f.i32.load(0, digit), 1));
    });
  });
  digits.forEach((_, pass) => {
    f.set(place, 0);
    f.for(i, pass * buckets, (pass + 1) * buckets, 1, () => {
      f.set(key, () => f.i32.load(0, at(f, counts, i)));
      f.i32.store(0, at(f, counts, i), place);
      f.set(place, () => f.i32.add(place, key));
    });
  });
  digits.forEach((shift, pass) => {
    const [readKeys, writeKeys] = pass % 2 === 0 ? [keys, other] : [other, keys];
    const [readPositions, writePositions] = pass % 2 === 0 ? [output, positions] : [positions, output];
    f.for(i, 0, n, 1, () => {
      f.set(key, () => f.i32.load(0, at(f, readKeys, i)));
      findCount(shift, pass);
      f.set(place, () => f.i32.load(0, digit));
      f.i32.store(0, digit, () => f.i32.add(place, 1));
      if (pass < digits.length - 1) f.i32.store(0, at(f, writeKeys, place), key);
      f.i32.store(0, at(f, writePositions, place), pass === 0 ? i : () => f.i32.load(0, at(f, readPositions, i)));
    });
  });
  f.free(i, key, digit, place, keys, other, positions, counts);
}

/** Sets `key` to an integer that is ordered as the values are wanted. */
function setKey(f: FunctionBuilder, { dtype, descending }: ArgsortShape, key: Local<"i32">, address: Operand<"i32">): void {
  f.set(key, () => f.i32.load(0, address));
  if (dtype === "float32") {
    // Without its sign a float is ordered as the integer of its bits is; zeros of both signs are 0.
    const magnitude = f.local("i32", () => f.i32.and(key, 0x7fffffff));
    f.set(key, () =>
      f.select(
        "i32",
        () => f.i32.sub(0, magnitude),
        key,
        () => f.i32.lt_s(key, 0),
      ),
    );
    f.set(key, () => f.select("i32", 0x7fffffff, key, () => f.i32.gt_s(magnitude, infinity)));
    f.free(magnitude);
  }
  if (descending) f.set(key, () => f.i32.xor(key, -1));
}

/** The bits of infinity: numbers that are larger without their sign are NaN. */
const infinity = 0x7f800000;

/** The address of word `i`. */
function at(f: FunctionBuilder, words: Local<"i32">, i: Local<"i32">): () => void {
  return () => f.i32.add(words, () => f.i32.shl(i, 2));
}

function roundedUp(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
