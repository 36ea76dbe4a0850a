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
 * The instruction set, one row each, under the text format's names; only the second dot of the atomic and `rmw` names
 * is an underscore here. `FunctionBuilder`'s methods, their types and their checks all derive from these rows.
 *
 * Codes: WebAssembly core specification 2.0 (appendix "Index of Instructions"), and the threads and relaxed-SIMD proposals.
 */
export const instructionTable = {
  // control and bulk memory
  "memory.size": bare([0x3f, 0x00], [], I),
  "memory.grow": bare([0x40, 0x00], [I], I),
  /** (destination, source, bytes) */
  "memory.copy": bare([0xfc, 0x0a, 0x00, 0x00], [I, I, I], null),
  /** (destination, byte value, bytes) */
  "memory.fill": bare([0xfc, 0x0b, 0x00], [I, I, I], null),

  // i32
  "i32.const": literal(0x41, I),
  "i32.load": load(0x28, [I], I, 4),
  "i32.load8_s": load(0x2c, [I], I, 1),
  "i32.load8_u": load(0x2d, [I], I, 1),
  "i32.load16_s": load(0x2e, [I], I, 2),
  "i32.load16_u": load(0x2f, [I], I, 2),
  "i32.store": load(0x36, [I, I], null, 4),
  "i32.store8": load(0x3a, [I, I], null, 1),
  "i32.store16": load(0x3b, [I, I], null, 2),
  "i32.eqz": plain(0x45, [I], I),
  "i32.eq": plain(0x46, [I, I], I),
  "i32.ne": plain(0x47, [I, I], I),
  "i32.lt_s": plain(0x48, [I, I], I),
  "i32.lt_u": plain(0x49, [I, I], I),
  "i32.gt_s": plain(0x4a, [I, I], I),
  "i32.gt_u": plain(0x4b, [I, I], I),
  "i32.le_s": plain(0x4c, [I, I], I),
  "i32.le_u": plain(0x4d, [I, I], I),
  "i32.ge_s": plain(0x4e, [I, I], I),
  "i32.ge_u": plain(0x4f, [I, I], I),
  "i32.clz": plain(0x67, [I], I),
  "i32.ctz": plain(0x68, [I], I),
  "i32.popcnt": plain(0x69, [I], I),
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
  "i32.rotl": plain(0x77, [I, I], I),
  "i32.rotr": plain(0x78, [I, I], I),
  "i32.wrap_i64": plain(0xa7, [L], I),
  "i32.reinterpret_f32": plain(0xbc, [F], I),
  "i32.trunc_sat_f32_s": bare([0xfc, 0x00], [F], I),
  "i32.trunc_sat_f32_u": bare([0xfc, 0x01], [F], I),

  // i64
  "i64.const": literal(0x42, L),
  "i64.load": load(0x29, [I], L, 8),
  "i64.store": load(0x37, [I, L], null, 8),
  "i64.eqz": plain(0x50, [L], I),
  "i64.eq": plain(0x51, [L, L], I),
  "i64.ne": plain(0x52, [L, L], I),
  "i64.lt_s": plain(0x53, [L, L], I),
  "i64.lt_u": plain(0x54, [L, L], I),
  "i64.gt_s": plain(0x55, [L, L], I),
  "i64.gt_u": plain(0x56, [L, L], I),
  "i64.le_s": plain(0x57, [L, L], I),
  "i64.le_u": plain(0x58, [L, L], I),
  "i64.ge_s": plain(0x59, [L, L], I),
  "i64.ge_u": plain(0x5a, [L, L], I),
  "i64.add": plain(0x7c, [L, L], L),
  "i64.sub": plain(0x7d, [L, L], L),
  "i64.mul": plain(0x7e, [L, L], L),
  "i64.div_s": plain(0x7f, [L, L], L),
  "i64.div_u": plain(0x80, [L, L], L),
  "i64.rem_s": plain(0x81, [L, L], L),
  "i64.rem_u": plain(0x82, [L, L], L),
  "i64.and": plain(0x83, [L, L], L),
  "i64.or": plain(0x84, [L, L], L),
  "i64.xor": plain(0x85, [L, L], L),
  "i64.shl": plain(0x86, [L, L], L),
  "i64.shr_s": plain(0x87, [L, L], L),
  "i64.shr_u": plain(0x88, [L, L], L),
  "i64.rotl": plain(0x89, [L, L], L),
  "i64.rotr": plain(0x8a, [L, L], L),
  "i64.extend_i32_s": plain(0xac, [I], L),
  "i64.extend_i32_u": plain(0xad, [I], L),

  // f32
  "f32.const": literal(0x43, F),
  "f32.load": load(0x2a, [I], F, 4),
  "f32.store": load(0x38, [I, F], null, 4),
  "f32.eq": plain(0x5b, [F, F], I),
  "f32.ne": plain(0x5c, [F, F], I),
  "f32.lt": plain(0x5d, [F, F], I),
  "f32.gt": plain(0x5e, [F, F], I),
  "f32.le": plain(0x5f, [F, F], I),
  "f32.ge": plain(0x60, [F, F], I),
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
  "f32.copysign": plain(0x98, [F, F], F),
  "f32.convert_i32_s": plain(0xb2, [I], F),
  "f32.convert_i32_u": plain(0xb3, [I], F),
  "f32.demote_f64": plain(0xb6, [D], F),
  "f32.reinterpret_i32": plain(0xbe, [I], F),

  // f64
  "f64.const": literal(0x44, D),
  "f64.load": load(0x2b, [I], D, 8),
  "f64.store": load(0x39, [I, D], null, 8),
  "f64.eq": plain(0x61, [D, D], I),
  "f64.ne": plain(0x62, [D, D], I),
  "f64.lt": plain(0x63, [D, D], I),
  "f64.gt": plain(0x64, [D, D], I),
  "f64.le": plain(0x65, [D, D], I),
  "f64.ge": plain(0x66, [D, D], I),
  "f64.abs": plain(0x99, [D], D),
  "f64.neg": plain(0x9a, [D], D),
  "f64.ceil": plain(0x9b, [D], D),
  "f64.floor": plain(0x9c, [D], D),
  "f64.trunc": plain(0x9d, [D], D),
  "f64.nearest": plain(0x9e, [D], D),
  "f64.sqrt": plain(0x9f, [D], D),
  "f64.add": plain(0xa0, [D, D], D),
  "f64.sub": plain(0xa1, [D, D], D),
  "f64.mul": plain(0xa2, [D, D], D),
  "f64.div": plain(0xa3, [D, D], D),
  "f64.min": plain(0xa4, [D, D], D),
  "f64.max": plain(0xa5, [D, D], D),
  "f64.copysign": plain(0xa6, [D, D], D),
  "f64.convert_i32_s": plain(0xb7, [I], D),
  "f64.promote_f32": plain(0xbb, [F], D),

  // v128 memory and bits
  "v128.load": simdLoad(0, [I], V, 16),
  "v128.load8x8_s": simdLoad(1, [I], V, 8),
  "v128.load8x8_u": simdLoad(2, [I], V, 8),
  "v128.load16x4_s": simdLoad(3, [I], V, 8),
  "v128.load16x4_u": simdLoad(4, [I], V, 8),
  "v128.load32x2_s": simdLoad(5, [I], V, 8),
  "v128.load32x2_u": simdLoad(6, [I], V, 8),
  "v128.load8_splat": simdLoad(7, [I], V, 1),
  "v128.load16_splat": simdLoad(8, [I], V, 2),
  "v128.load32_splat": simdLoad(9, [I], V, 4),
  "v128.load64_splat": simdLoad(10, [I], V, 8),
  "v128.load32_zero": simdLoad(92, [I], V, 4),
  "v128.load64_zero": simdLoad(93, [I], V, 8),
  "v128.store": simdLoad(11, [I, V], null, 16),
  "v128.load8_lane": simdLoadLane(84, [I, V], V, 1),
  "v128.load16_lane": simdLoadLane(85, [I, V], V, 2),
  "v128.load32_lane": simdLoadLane(86, [I, V], V, 4),
  "v128.load64_lane": simdLoadLane(87, [I, V], V, 8),
  "v128.store8_lane": simdLoadLane(88, [I, V], null, 1),
  "v128.store16_lane": simdLoadLane(89, [I, V], null, 2),
  "v128.store32_lane": simdLoadLane(90, [I, V], null, 4),
  "v128.store64_lane": simdLoadLane(91, [I, V], null, 8),
  "v128.const": { opcode: [0xfd, 12], operands: [], result: V, immediate: "bytes", size: 16 },
  "v128.not": simd(77, [V], V),
  "v128.and": simd(78, [V, V], V),
  "v128.andnot": simd(79, [V, V], V),
  "v128.or": simd(80, [V, V], V),
  "v128.xor": simd(81, [V, V], V),
  /** (ones, zeros, mask): bits of `ones` where the mask is set. */
  "v128.bitselect": simd(82, [V, V, V], V),
  "v128.any_true": simd(83, [V], I),

  // i8x16
  "i8x16.shuffle": { opcode: [0xfd, 13], operands: [V, V], result: V, immediate: "lanes", size: 16 },
  "i8x16.swizzle": simd(14, [V, V], V),
  "i8x16.splat": simd(15, [I], V),
  "i8x16.extract_lane_s": simdLane(21, [V], I, 16),
  "i8x16.extract_lane_u": simdLane(22, [V], I, 16),
  "i8x16.replace_lane": simdLane(23, [V, I], V, 16),
  "i8x16.eq": simd(35, [V, V], V),
  "i8x16.ne": simd(36, [V, V], V),
  "i8x16.lt_s": simd(37, [V, V], V),
  "i8x16.lt_u": simd(38, [V, V], V),
  "i8x16.gt_s": simd(39, [V, V], V),
  "i8x16.gt_u": simd(40, [V, V], V),
  "i8x16.le_s": simd(41, [V, V], V),
  "i8x16.le_u": simd(42, [V, V], V),
  "i8x16.ge_s": simd(43, [V, V], V),
  "i8x16.ge_u": simd(44, [V, V], V),
  "i8x16.abs": simd(96, [V], V),
  "i8x16.neg": simd(97, [V], V),
  "i8x16.popcnt": simd(98, [V], V),
  "i8x16.all_true": simd(99, [V], I),
  "i8x16.bitmask": simd(100, [V], I),
  "i8x16.narrow_i16x8_s": simd(101, [V, V], V),
  "i8x16.narrow_i16x8_u": simd(102, [V, V], V),
  "i8x16.shl": simd(107, [V, I], V),
  "i8x16.shr_s": simd(108, [V, I], V),
  "i8x16.shr_u": simd(109, [V, I], V),
  "i8x16.add": simd(110, [V, V], V),
  "i8x16.sub": simd(113, [V, V], V),
  "i8x16.min_s": simd(118, [V, V], V),
  "i8x16.min_u": simd(119, [V, V], V),
  "i8x16.max_s": simd(120, [V, V], V),
  "i8x16.max_u": simd(121, [V, V], V),
  "i8x16.avgr_u": simd(123, [V, V], V),

  // i16x8
  "i16x8.splat": simd(16, [I], V),
  "i16x8.extract_lane_s": simdLane(24, [V], I, 8),
  "i16x8.extract_lane_u": simdLane(25, [V], I, 8),
  "i16x8.replace_lane": simdLane(26, [V, I], V, 8),
  "i16x8.eq": simd(45, [V, V], V),
  "i16x8.ne": simd(46, [V, V], V),
  "i16x8.lt_s": simd(47, [V, V], V),
  "i16x8.lt_u": simd(48, [V, V], V),
  "i16x8.gt_s": simd(49, [V, V], V),
  "i16x8.gt_u": simd(50, [V, V], V),
  "i16x8.le_s": simd(51, [V, V], V),
  "i16x8.le_u": simd(52, [V, V], V),
  "i16x8.ge_s": simd(53, [V, V], V),
  "i16x8.ge_u": simd(54, [V, V], V),
  "i16x8.abs": simd(128, [V], V),
  "i16x8.neg": simd(129, [V], V),
  "i16x8.all_true": simd(131, [V], I),
  "i16x8.bitmask": simd(132, [V], I),
  "i16x8.narrow_i32x4_s": simd(133, [V, V], V),
  "i16x8.narrow_i32x4_u": simd(134, [V, V], V),
  "i16x8.extend_low_i8x16_s": simd(135, [V], V),
  "i16x8.extend_high_i8x16_s": simd(136, [V], V),
  "i16x8.extend_low_i8x16_u": simd(137, [V], V),
  "i16x8.extend_high_i8x16_u": simd(138, [V], V),
  "i16x8.shl": simd(139, [V, I], V),
  "i16x8.shr_s": simd(140, [V, I], V),
  "i16x8.shr_u": simd(141, [V, I], V),
  "i16x8.add": simd(142, [V, V], V),
  "i16x8.sub": simd(145, [V, V], V),
  "i16x8.mul": simd(149, [V, V], V),
  "i16x8.min_s": simd(150, [V, V], V),
  "i16x8.min_u": simd(151, [V, V], V),
  "i16x8.max_s": simd(152, [V, V], V),
  "i16x8.max_u": simd(153, [V, V], V),

  // i32x4
  "i32x4.splat": simd(17, [I], V),
  "i32x4.extract_lane": simdLane(27, [V], I, 4),
  "i32x4.replace_lane": simdLane(28, [V, I], V, 4),
  "i32x4.eq": simd(55, [V, V], V),
  "i32x4.ne": simd(56, [V, V], V),
  "i32x4.lt_s": simd(57, [V, V], V),
  "i32x4.lt_u": simd(58, [V, V], V),
  "i32x4.gt_s": simd(59, [V, V], V),
  "i32x4.gt_u": simd(60, [V, V], V),
  "i32x4.le_s": simd(61, [V, V], V),
  "i32x4.le_u": simd(62, [V, V], V),
  "i32x4.ge_s": simd(63, [V, V], V),
  "i32x4.ge_u": simd(64, [V, V], V),
  "i32x4.abs": simd(160, [V], V),
  "i32x4.neg": simd(161, [V], V),
  "i32x4.all_true": simd(163, [V], I),
  "i32x4.bitmask": simd(164, [V], I),
  "i32x4.extend_low_i16x8_s": simd(167, [V], V),
  "i32x4.extend_high_i16x8_s": simd(168, [V], V),
  "i32x4.extend_low_i16x8_u": simd(169, [V], V),
  "i32x4.extend_high_i16x8_u": simd(170, [V], V),
  "i32x4.shl": simd(171, [V, I], V),
  "i32x4.shr_s": simd(172, [V, I], V),
  "i32x4.shr_u": simd(173, [V, I], V),
  "i32x4.add": simd(174, [V, V], V),
  "i32x4.sub": simd(177, [V, V], V),
  "i32x4.mul": simd(181, [V, V], V),
  "i32x4.min_s": simd(182, [V, V], V),
  "i32x4.min_u": simd(183, [V, V], V),
  "i32x4.max_s": simd(184, [V, V], V),
  "i32x4.max_u": simd(185, [V, V], V),
  "i32x4.dot_i16x8_s": simd(186, [V, V], V),
  "i32x4.trunc_sat_f32x4_s": simd(248, [V], V),
  "i32x4.trunc_sat_f32x4_u": simd(249, [V], V),

  // i64x2
  "i64x2.splat": simd(18, [L], V),
  "i64x2.extract_lane": simdLane(29, [V], L, 2),
  "i64x2.replace_lane": simdLane(30, [V, L], V, 2),
  "i64x2.extend_low_i32x4_s": simd(199, [V], V),
  "i64x2.extend_high_i32x4_s": simd(200, [V], V),
  "i64x2.extend_low_i32x4_u": simd(201, [V], V),
  "i64x2.extend_high_i32x4_u": simd(202, [V], V),
  "i64x2.shl": simd(203, [V, I], V),
  "i64x2.shr_s": simd(204, [V, I], V),
  "i64x2.shr_u": simd(205, [V, I], V),
  "i64x2.add": simd(206, [V, V], V),
  "i64x2.sub": simd(209, [V, V], V),
  "i64x2.mul": simd(213, [V, V], V),
  "i64x2.eq": simd(214, [V, V], V),
  "i64x2.ne": simd(215, [V, V], V),

  // f32x4
  "f32x4.splat": simd(19, [F], V),
  "f32x4.extract_lane": simdLane(31, [V], F, 4),
  "f32x4.replace_lane": simdLane(32, [V, F], V, 4),
  "f32x4.eq": simd(65, [V, V], V),
  "f32x4.ne": simd(66, [V, V], V),
  "f32x4.lt": simd(67, [V, V], V),
  "f32x4.gt": simd(68, [V, V], V),
  "f32x4.le": simd(69, [V, V], V),
  "f32x4.ge": simd(70, [V, V], V),
  "f32x4.ceil": simd(103, [V], V),
  "f32x4.floor": simd(104, [V], V),
  "f32x4.trunc": simd(105, [V], V),
  "f32x4.nearest": simd(106, [V], V),
  "f32x4.abs": simd(224, [V], V),
  "f32x4.neg": simd(225, [V], V),
  "f32x4.sqrt": simd(227, [V], V),
  "f32x4.convert_i32x4_s": simd(250, [V], V),
  "f32x4.convert_i32x4_u": simd(251, [V], V),
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
  "f64x2.splat": simd(20, [D], V),
  "f64x2.extract_lane": simdLane(33, [V], D, 2),
  "f64x2.replace_lane": simdLane(34, [V, D], V, 2),
  "f64x2.promote_low_f32x4": simd(95, [V], V),
  "f64x2.abs": simd(236, [V], V),
  "f64x2.neg": simd(237, [V], V),
  "f64x2.sqrt": simd(239, [V], V),
  "f64x2.add": simd(240, [V, V], V),
  "f64x2.sub": simd(241, [V, V], V),
  "f64x2.mul": simd(242, [V, V], V),
  "f64x2.div": simd(243, [V, V], V),
  "f64x2.min": simd(244, [V, V], V),
  "f64x2.max": simd(245, [V, V], V),
  "f64x2.pmin": simd(246, [V, V], V),
  "f64x2.pmax": simd(247, [V, V], V),

  // relaxed SIMD: results may differ between hosts in rounding (madd) or for masks that are not all ones or all zeros
  /** (a, b, c): a * b + c, rounded once where the host has fused multiply-add. */
  "f32x4.relaxed_madd": simd(0x105, [V, V, V], V),
  /** (a, b, c): c - a * b. */
  "f32x4.relaxed_nmadd": simd(0x106, [V, V, V], V),
  "f64x2.relaxed_madd": simd(0x107, [V, V, V], V),
  "f64x2.relaxed_nmadd": simd(0x108, [V, V, V], V),
  /** (ones, zeros, mask), the operands of `v128.bitselect`. */
  "i8x16.relaxed_laneselect": simd(0x109, [V, V, V], V),
  "i16x8.relaxed_laneselect": simd(0x10a, [V, V, V], V),
  "i32x4.relaxed_laneselect": simd(0x10b, [V, V, V], V),
  "i8x16.relaxed_swizzle": simd(0x100, [V, V], V),
  "i32x4.relaxed_trunc_f32x4_s": simd(0x101, [V], V),
  "i32x4.relaxed_trunc_f32x4_u": simd(0x102, [V], V),
  "f32x4.relaxed_min": simd(0x10d, [V, V], V),
  "f32x4.relaxed_max": simd(0x10e, [V, V], V),

  // atomics, on shared memory
  /** (address, how many waiters): how many woke. */
  "memory.atomic_notify": atomic(0x00, [I, I], I),
  /** (address, expected, timeout in ns or -1): 0 woken, 1 not equal, 2 timed out. */
  "memory.atomic_wait32": atomic(0x01, [I, I, L], I),
  "i32.atomic_load": atomic(0x10, [I], I),
  "i32.atomic_store": atomic(0x17, [I, I], null),
  "i32.atomic_rmw_add": atomic(0x1e, [I, I], I),
  "i32.atomic_rmw_sub": atomic(0x25, [I, I], I),
  "i32.atomic_rmw_and": atomic(0x2c, [I, I], I),
  "i32.atomic_rmw_or": atomic(0x33, [I, I], I),
  "i32.atomic_rmw_xor": atomic(0x3a, [I, I], I),
  "i32.atomic_rmw_xchg": atomic(0x41, [I, I], I),
  /** (address, expected, replacement): the value found. */
  "i32.atomic_rmw_cmpxchg": atomic(0x48, [I, I, I], I),
  "atomic.fence": bare([0xfe, 0x03, 0x00], [], null),
} as const satisfies Record<string, InstructionRow>;

export type InstructionTable = typeof instructionTable;
export type InstructionName = keyof InstructionTable;
