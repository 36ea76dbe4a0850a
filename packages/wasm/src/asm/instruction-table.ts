import type { ValueType } from "./types.ts";

/** What follows an opcode in the binary: a memory offset and alignment, a lane number, a literal... */
export type ImmediateKind = "none" | "memory" | "lane" | "memoryLane" | "lanes" | "bytes" | "literal";

/** One instruction: its bytes, what it takes from the stack and leaves there, what follows its opcode. */
export interface InstructionRow {
  readonly opcode: readonly number[];
  readonly operands: readonly ValueType[];
  readonly result: ValueType | null;
  readonly immediate: ImmediateKind;
  /** Bytes accessed (memory immediates) or number of lanes (lane immediates), else 0. */
  readonly size: number;
  /** Atomic accesses must state their natural alignment exactly. */
  readonly exactAlignment?: boolean;
}

type Operands = readonly ValueType[];
type Result = ValueType | null;

const bare = <const P extends Operands, R extends Result>(opcode: readonly number[], operands: P, result: R) =>
  ({ opcode, operands, result, immediate: "none", size: 0 }) as const;
const plain = <const P extends Operands, R extends Result>(code: number, operands: P, result: R) => bare([code], operands, result);
const simd = <const P extends Operands, R extends Result>(code: number, operands: P, result: R) =>
  bare(prefixed(0xfd, code), operands, result);
const literal = <R extends ValueType>(code: number, result: R) =>
  ({ opcode: [code], operands: [], result, immediate: "literal", size: 0 }) as const;
const load = <const P extends Operands, R extends Result>(code: number, operands: P, result: R, size: number) =>
  ({ opcode: [code], operands, result, immediate: "memory", size }) as const;
const simdLoad = <const P extends Operands, R extends Result>(code: number, operands: P, result: R, size: number) =>
  ({ opcode: prefixed(0xfd, code), operands, result, immediate: "memory", size }) as const;
const simdLoadLane = <const P extends Operands, R extends Result>(code: number, operands: P, result: R, size: number) =>
  ({ opcode: prefixed(0xfd, code), operands, result, immediate: "memoryLane", size }) as const;
const simdLane = <const P extends Operands, R extends Result>(code: number, operands: P, result: R, size: number) =>
  ({ opcode: prefixed(0xfd, code), operands, result, immediate: "lane", size }) as const;
const atomic = <const P extends Operands, R extends Result>(code: number, operands: P, result: R) =>
  ({ opcode: prefixed(0xfe, code), operands, result, immediate: "memory", size: 4, exactAlignment: true }) as const;

function prefixed(prefix: number, code: number): readonly number[] {
  return code < 0x80 ? [prefix, code] : [prefix, (code & 0x7f) | 0x80, code >> 7];
}

const I = "i32";
const L = "i64";
const F = "f32";
const D = "f64";
const V = "v128";

/**
 * The instructions that generated code is made of, one row each, under the text format's names; only the second dot of the
 * atomic and `rmw` names is an underscore here. `FunctionBuilder`'s methods, their types and their checks all derive from
 * these rows, so a kernel that wants another instruction adds its row. Every page downloads the table: rows that no kernel
 * uses do not stand here.
 *
 * Codes: WebAssembly core specification 2.0 (appendix "Index of Instructions"), and the threads and relaxed-SIMD proposals.
 */
export const instructionTable = {
  // control and bulk memory
  "memory.grow": bare([0x40, 0x00], [I], I),
  /** (destination, source, bytes) */
  "memory.copy": bare([0xfc, 0x0a, 0x00, 0x00], [I, I, I], null),
  /** (destination, byte value, bytes) */
  "memory.fill": bare([0xfc, 0x0b, 0x00], [I, I, I], null),

  // i32
  "i32.const": literal(0x41, I),
  "i32.load": load(0x28, [I], I, 4),
  "i32.load8_u": load(0x2d, [I], I, 1),
  "i32.store": load(0x36, [I, I], null, 4),
  "i32.store8": load(0x3a, [I, I], null, 1),
  "i32.eqz": plain(0x45, [I], I),
  "i32.eq": plain(0x46, [I, I], I),
  "i32.ne": plain(0x47, [I, I], I),
  "i32.lt_s": plain(0x48, [I, I], I),
  "i32.lt_u": plain(0x49, [I, I], I),
  "i32.gt_s": plain(0x4a, [I, I], I),
  "i32.le_s": plain(0x4c, [I, I], I),
  "i32.ge_s": plain(0x4e, [I, I], I),
  "i32.add": plain(0x6a, [I, I], I),
  "i32.sub": plain(0x6b, [I, I], I),
  "i32.mul": plain(0x6c, [I, I], I),
  "i32.div_s": plain(0x6d, [I, I], I),
  "i32.div_u": plain(0x6e, [I, I], I),
  "i32.rem_s": plain(0x6f, [I, I], I),
  "i32.rem_u": plain(0x70, [I, I], I),
  "i32.and": plain(0x71, [I, I], I),
  "i32.or": plain(0x72, [I, I], I),
  "i32.xor": plain(0x73, [I, I], I),
  "i32.shl": plain(0x74, [I, I], I),
  "i32.shr_s": plain(0x75, [I, I], I),
  "i32.shr_u": plain(0x76, [I, I], I),
  "i32.reinterpret_f32": plain(0xbc, [F], I),
  "i32.trunc_sat_f32_s": bare([0xfc, 0x00], [F], I),

  // i64
  "i64.const": literal(0x42, L),

  // f32
  "f32.const": literal(0x43, F),
  "f32.load": load(0x2a, [I], F, 4),
  "f32.store": load(0x38, [I, F], null, 4),
  "f32.eq": plain(0x5b, [F, F], I),
  "f32.ne": plain(0x5c, [F, F], I),
  "f32.lt": plain(0x5d, [F, F], I),
  "f32.le": plain(0x5f, [F, F], I),
  "f32.abs": plain(0x8b, [F], F),
  "f32.neg": plain(0x8c, [F], F),
  "f32.ceil": plain(0x8d, [F], F),
  "f32.floor": plain(0x8e, [F], F),
  "f32.trunc": plain(0x8f, [F], F),
  "f32.nearest": plain(0x90, [F], F),
  "f32.sqrt": plain(0x91, [F], F),
  "f32.add": plain(0x92, [F, F], F),
  "f32.sub": plain(0x93, [F, F], F),
  "f32.mul": plain(0x94, [F, F], F),
  "f32.div": plain(0x95, [F, F], F),
  "f32.min": plain(0x96, [F, F], F),
  "f32.max": plain(0x97, [F, F], F),
  "f32.convert_i32_s": plain(0xb2, [I], F),
  "f32.demote_f64": plain(0xb6, [D], F),
  "f32.reinterpret_i32": plain(0xbe, [I], F),

  // f64
  "f64.const": literal(0x44, D),
  "f64.add": plain(0xa0, [D, D], D),
  "f64.sub": plain(0xa1, [D, D], D),
  "f64.mul": plain(0xa2, [D, D], D),
  "f64.div": plain(0xa3, [D, D], D),
  "f64.min": plain(0xa4, [D, D], D),
  "f64.max": plain(0xa5, [D, D], D),
  "f64.promote_f32": plain(0xbb, [F], D),

  // v128 memory and bits
  "v128.load": simdLoad(0, [I], V, 16),
  "v128.load32_splat": simdLoad(9, [I], V, 4),
  "v128.load32_zero": simdLoad(92, [I], V, 4),
  "v128.load64_zero": simdLoad(93, [I], V, 8),
  "v128.store": simdLoad(11, [I, V], null, 16),
  "v128.load32_lane": simdLoadLane(86, [I, V], V, 4),
  "v128.store32_lane": simdLoadLane(90, [I, V], null, 4),
  "v128.store64_lane": simdLoadLane(91, [I, V], null, 8),
  "v128.const": { opcode: [0xfd, 12], operands: [], result: V, immediate: "bytes", size: 16 },
  "v128.not": simd(77, [V], V),
  "v128.and": simd(78, [V, V], V),
  "v128.or": simd(80, [V, V], V),
  "v128.xor": simd(81, [V, V], V),
  /** (ones, zeros, mask): bits of `ones` where the mask is set. */
  "v128.bitselect": simd(82, [V, V, V], V),
  "v128.any_true": simd(83, [V], I),

  // i8x16
  "i8x16.shuffle": { opcode: [0xfd, 13], operands: [V, V], result: V, immediate: "lanes", size: 16 },

  // i16x8
  "i16x8.extend_low_i8x16_u": simd(137, [V], V),

  // i32x4
  "i32x4.splat": simd(17, [I], V),
  "i32x4.extract_lane": simdLane(27, [V], I, 4),
  "i32x4.replace_lane": simdLane(28, [V, I], V, 4),
  "i32x4.eq": simd(55, [V, V], V),
  "i32x4.ne": simd(56, [V, V], V),
  "i32x4.lt_s": simd(57, [V, V], V),
  "i32x4.le_s": simd(61, [V, V], V),
  "i32x4.bitmask": simd(164, [V], I),
  "i32x4.extend_low_i16x8_u": simd(169, [V], V),
  "i32x4.shl": simd(171, [V, I], V),
  "i32x4.shr_s": simd(172, [V, I], V),
  "i32x4.shr_u": simd(173, [V, I], V),
  "i32x4.add": simd(174, [V, V], V),
  "i32x4.sub": simd(177, [V, V], V),
  "i32x4.mul": simd(181, [V, V], V),
  "i32x4.trunc_sat_f32x4_s": simd(248, [V], V),

  // f32x4
  "f32x4.splat": simd(19, [F], V),
  "f32x4.extract_lane": simdLane(31, [V], F, 4),
  "f32x4.replace_lane": simdLane(32, [V, F], V, 4),
  "f32x4.eq": simd(65, [V, V], V),
  "f32x4.ne": simd(66, [V, V], V),
  "f32x4.lt": simd(67, [V, V], V),
  "f32x4.le": simd(69, [V, V], V),
  "f32x4.ceil": simd(103, [V], V),
  "f32x4.floor": simd(104, [V], V),
  "f32x4.trunc": simd(105, [V], V),
  "f32x4.nearest": simd(106, [V], V),
  "f32x4.abs": simd(224, [V], V),
  "f32x4.neg": simd(225, [V], V),
  "f32x4.sqrt": simd(227, [V], V),
  "f32x4.convert_i32x4_s": simd(250, [V], V),
  "f32x4.demote_f64x2_zero": simd(94, [V], V),
  "f32x4.add": simd(228, [V, V], V),
  "f32x4.sub": simd(229, [V, V], V),
  "f32x4.mul": simd(230, [V, V], V),
  "f32x4.div": simd(231, [V, V], V),
  "f32x4.min": simd(232, [V, V], V),
  "f32x4.max": simd(233, [V, V], V),
  "f32x4.pmin": simd(234, [V, V], V),
  "f32x4.pmax": simd(235, [V, V], V),

  // f64x2
  "f64x2.promote_low_f32x4": simd(95, [V], V),
  "f64x2.add": simd(240, [V, V], V),
  "f64x2.sub": simd(241, [V, V], V),
  "f64x2.mul": simd(242, [V, V], V),
  "f64x2.div": simd(243, [V, V], V),
  "f64x2.pmin": simd(246, [V, V], V),
  "f64x2.pmax": simd(247, [V, V], V),

  // relaxed SIMD: results may differ between hosts in rounding (madd) or for masks that are not all ones or all zeros
  /** (a, b, c): a * b + c, rounded once where the host has fused multiply-add. */
  "f32x4.relaxed_madd": simd(0x105, [V, V, V], V),
  /** (a, b, c): c - a * b. */
  "f32x4.relaxed_nmadd": simd(0x106, [V, V, V], V),
  "f64x2.relaxed_madd": simd(0x107, [V, V, V], V),
  "i32x4.relaxed_laneselect": simd(0x10b, [V, V, V], V),

  // atomics, on shared memory
  /** (address, how many waiters): how many woke. */
  "memory.atomic_notify": atomic(0x00, [I, I], I),
  /** (address, expected, timeout in ns or -1): 0 woken, 1 not equal, 2 timed out. */
  "memory.atomic_wait32": atomic(0x01, [I, I, L], I),
  "i32.atomic_load": atomic(0x10, [I], I),
  "i32.atomic_store": atomic(0x17, [I, I], null),
  "i32.atomic_rmw_add": atomic(0x1e, [I, I], I),
  /** (address, expected, replacement): the value found. */
  "i32.atomic_rmw_cmpxchg": atomic(0x48, [I, I, I], I),
} as const satisfies Record<string, InstructionRow>;

export type InstructionTable = typeof instructionTable;
export type InstructionName = keyof InstructionTable;
