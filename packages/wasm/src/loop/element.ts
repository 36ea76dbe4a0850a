import type { DType } from "@gradus/tensor";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import { bytesOf } from "../kernels/row-columns.ts";
import type { LaneOffsets } from "./lane-pattern.ts";
import type { Lanes, Term } from "./lanes.ts";

/** What an element takes, as a power of two. */
export const log2Bytes: Readonly<Record<DType, number>> = { float32: 2, float16: 1, int32: 2, uint8: 0, int8: 0, bool: 0 };

/** One element at an address; bool as 0 or 1, float16 as its bits. */
export function loadOne(f: FunctionBuilder, dtype: DType, offset: number, address: Term): Term {
  switch (dtype) {
    case "float32":
      return () => f.f32.load(offset, address);
    case "float16":
      return () => f.i32.load16_u(offset, address);
    case "int32":
      return () => f.i32.load(offset, address);
    case "uint8":
    case "int8":
      return loadNarrow(f, dtype, offset, address);
    case "bool":
      return () => f.i32.ne(() => f.i32.load8_u(offset, address), 0);
  }
  dtype satisfies never;
}

/** Four lanes at fixed offsets from lane 0: one load where they adjoin, two and a shuffle where they skip or repeat some. */
export function loadPattern({ f }: Lanes, dtype: DType, offset: number, address: Term, offsets: LaneOffsets, bytes: number): Term {
  const pattern = offsets.join();
  if (bytes === 4 && pattern === "0,1,2,3") return () => f.v128.load(offset, address);
  if (bytes === 4 && pattern === "0,0,0,0") return () => f.v128.load32_splat(offset, address);
  if (bytes === 4 && pattern === "0,2,4,6") {
    return () => {
      // The second load starts at lane 3's neighbour, so that nothing beyond lane 3 is read.
      const at = f.local("i32", address);
      shuffled(
        f,
        () => f.v128.load(offset, at),
        () => f.v128.load(offset + 12, at),
        [0, 2, 5, 7],
      );
      f.free(at);
    };
  }
  // Halves, each with two zero bytes above: a load of fewer than 16 bytes leaves zeros behind them.
  if (bytes === 2 && pattern === "0,0,1,1") {
    return () => shuffledBytes(f, () => f.v128.load32_zero(offset, address), null, [0, 1, 8, 8, 0, 1, 8, 8, 2, 3, 8, 8, 2, 3, 8, 8]);
  }
  if (bytes === 2 && pattern === "0,2,4,6") {
    return () => {
      const at = f.local("i32", address);
      f.i8x16.shuffle(
        [0, 1, 8, 8, 4, 5, 8, 8, 18, 19, 8, 8, 22, 23, 8, 8],
        () => f.v128.load64_zero(offset, at),
        () => f.v128.load64_zero(offset + 6, at),
      );
      f.free(at);
    };
  }
  const low = Math.min(...offsets);
  const span = Math.max(...offsets) - low;
  return () => {
    const at = f.local("i32", address);
    if (low * bytes + offset < 0) f.advance(at, low * bytes);
    const base = low * bytes + offset < 0 ? offset - low * bytes : offset;
    if (bytes === 4 && span > 0 && span < 4) {
      neighbours(
        f,
        base + low * bytes,
        at,
        offsets.map((each) => each - low),
      );
      f.free(at);
      return;
    }
    if (bytes === 1 && pattern === "0,1,2,3") {
      if (dtype === "int8") f.i32x4.extend_low_i16x8_s(() => f.i16x8.extend_low_i8x16_s(() => f.v128.load32_zero(base, at)));
      else f.i32x4.extend_low_i16x8_u(() => f.i16x8.extend_low_i8x16_u(() => f.v128.load32_zero(base, at)));
    } else if (bytes === 2 && pattern === "0,1,2,3") {
      f.i32x4.extend_low_i16x8_u(() => f.v128.load64_zero(base, at));
    } else {
      widen(f, dtype, base, () => f.get(at));
      for (const lane of [1, 2, 3] as const)
        if (offsets[lane] !== 0) replaceLane(f, dtype, lane, base + offsets[lane] * bytes, () => f.get(at));
    }
    f.free(at);
    asMask(f, dtype);
  };
}

/** Lanes from up to four elements that lie side by side, of which nothing beyond the last is read. */
function neighbours(f: FunctionBuilder, offset: number, at: Local<"i32">, lanes: readonly number[]): void {
  const last = Math.max(...lanes);
  if (last === 3) return shuffled(f, () => f.v128.load(offset, at), null, lanes);
  const pair = (): void => f.v128.load64_zero(offset, at);
  if (last === 1) return shuffled(f, pair, null, lanes);
  // Three elements are two pairs, of which the second begins with the middle one.
  shuffled(
    f,
    pair,
    () => f.v128.load64_zero(offset + 4, at),
    lanes.map((lane) => (lane === 2 ? 5 : lane)),
  );
}

/** Four lanes at addresses of their own. */
export function loadLanes(f: FunctionBuilder, dtype: DType, offset: number, address: (lane: number) => Term): Term {
  return () => {
    const start = f.local("i32", address(0));
    widen(f, dtype, offset, () => f.get(start));
    f.free(start);
    for (const lane of [1, 2, 3]) replaceLane(f, dtype, lane, offset, address(lane));
    asMask(f, dtype);
  };
}

/** A bool's lanes, loaded as 0 or 1, are all ones where it is true. */
function asMask(f: FunctionBuilder, dtype: DType): void {
  if (dtype === "bool") f.i32x4.ne(() => f.v128.const(new Uint8Array(16)));
}

/** One element in all four lanes; bool still as 0 or 1. */
function widen(f: FunctionBuilder, dtype: DType, offset: number, address: Term): void {
  if (dtype === "float32" || dtype === "int32") f.v128.load32_splat(offset, address);
  else f.i32x4.splat(loadNarrow(f, dtype, offset, address));
}

/** Replaces one lane of the vector on the stack by an element from memory. */
function replaceLane(f: FunctionBuilder, dtype: DType, lane: number, offset: number, address: Term): void {
  if (dtype === "float32") f.f32x4.replace_lane(lane, () => f.f32.load(offset, address));
  else if (dtype === "int32") f.i32x4.replace_lane(lane, () => f.i32.load(offset, address));
  else f.i32x4.replace_lane(lane, loadNarrow(f, dtype, offset, address));
}

/** An element of fewer than four bytes, with zeros above; int8 with its sign. */
function loadNarrow(f: FunctionBuilder, dtype: DType, offset: number, address: Term): Term {
  if (dtype === "float16") return () => f.i32.load16_u(offset, address);
  return () => (dtype === "int8" ? f.i32.load8_s(offset, address) : f.i32.load8_u(offset, address));
}

function shuffled(f: FunctionBuilder, a: Term, b: Term | null, lanes: readonly number[]): void {
  shuffledBytes(f, a, b, bytesOf(lanes));
}

function shuffledBytes(f: FunctionBuilder, a: Term, b: Term | null, bytes: readonly number[]): void {
  if (b !== null) return f.i8x16.shuffle(bytes, a, b);
  const only = f.local("v128", a);
  f.i8x16.shuffle(bytes, only, only);
  f.free(only);
}

/** Pushes so many elements' bytes. */
export function elementBytes(f: FunctionBuilder, elements: Term, dtype: DType): void {
  elements();
  scale(f, 2 ** log2Bytes[dtype]);
}

/** Stores one or four lanes of a value of `dtype` at an address. */
export function store(lanes: Lanes, dtype: DType, offset: number, address: Local<"i32">, value: Local): void {
  const { f } = lanes;
  if (lanes.count === 1) {
    const push = () => f.get(value);
    if (dtype === "float32") return f.f32.store(offset, address, push);
    if (dtype === "int32") return f.i32.store(offset, address, push);
    if (dtype === "float16") return f.i32.store16(offset, address, push);
    return f.i32.store8(offset, address, push);
  }
  if (dtype === "float32" || dtype === "int32") return f.v128.store(offset, address, () => f.get(value));
  if (dtype === "float16") {
    const push = () => f.get(value);
    f.v128.store64_lane(offset, 0, address, () => f.i16x8.narrow_i32x4_u(push, push));
    return;
  }
  const bytes = f.local("v128", () => {
    f.get(value);
    if (dtype === "bool") f.v128.and(lanes.integer(1));
  });
  f.v128.store32_lane(offset, 0, address, () => f.i8x16.shuffle([0, 4, 8, 12, ...new Array<number>(12).fill(0)], bytes, bytes));
  f.free(bytes);
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

/** Multiplies the index on the stack. */
export function scale(f: FunctionBuilder, factor: number): void {
  if (factor === 1) return;
  if (factor > 0 && isPowerOfTwo(factor)) f.i32.shl(Math.log2(factor));
  else f.i32.mul(factor);
}
