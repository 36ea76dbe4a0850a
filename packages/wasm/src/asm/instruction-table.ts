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
  readonly exactAlignment: boolean;
}

/** The value types by the letters that stand for them in the table. */
export const typeOfLetter = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" } as const satisfies Record<string, ValueType>;
export type TypeLetter = keyof typeof typeOfLetter;

/**
 * The instructions that generated code is made of, under the text format's names; only the second dot of the atomic and `rmw`
 * names is an underscore here. Each row reads: opcode (a prefix, a dot and more where it has several parts), what it takes and
 * leaves (a letter each), and the immediate with its size, if there is one. `FunctionBuilder`'s methods, their types and their checks
 * all derive from these rows, so a kernel that wants another instruction adds its row. Every page downloads the table: rows
 * that no kernel uses do not stand here.
 *
 * Codes: WebAssembly core specification 2.0 (appendix "Index of Instructions"), and the threads and relaxed-SIMD proposals, of which
 * the latter's results may differ between hosts in rounding (madd) or for masks that are not all ones or all zeros.
 */
export const instructionTable = {
  memory: {
    grow: "40.0 i>i",
    /** (destination, source, bytes) */
    copy: "fc.a.0.0 iii>",
    /** (destination, byte value, bytes) */
    fill: "fc.b.0 iii>",
    /** (address, how many waiters): how many woke. */
    atomic_notify: "fe.0 ii>i memory 4",
    /** (address, expected, timeout in ns or -1): 0 woken, 1 not equal, 2 timed out. */
    atomic_wait32: "fe.1 iil>i memory 4",
  },
  i32: {
    const: "41 >i literal",
    load: "28 i>i memory 4",
    load8_s: "2c i>i memory 1",
    load8_u: "2d i>i memory 1",
    load16_u: "2f i>i memory 2",
    store: "36 ii> memory 4",
    store8: "3a ii> memory 1",
    store16: "3b ii> memory 2",
    eqz: "45 i>i",
    eq: "46 ii>i",
    ne: "47 ii>i",
    lt_s: "48 ii>i",
    lt_u: "49 ii>i",
    gt_s: "4a ii>i",
    le_s: "4c ii>i",
    ge_s: "4e ii>i",
    add: "6a ii>i",
    sub: "6b ii>i",
    mul: "6c ii>i",
    div_s: "6d ii>i",
    div_u: "6e ii>i",
    rem_s: "6f ii>i",
    rem_u: "70 ii>i",
    and: "71 ii>i",
    or: "72 ii>i",
    xor: "73 ii>i",
    shl: "74 ii>i",
    shr_s: "75 ii>i",
    shr_u: "76 ii>i",
    reinterpret_f32: "bc f>i",
    trunc_sat_f32_s: "fc.0 f>i",
    atomic_load: "fe.10 i>i memory 4",
    atomic_store: "fe.17 ii> memory 4",
    atomic_rmw_add: "fe.1e ii>i memory 4",
    /** (address, expected, replacement): the value found. */
    atomic_rmw_cmpxchg: "fe.48 iii>i memory 4",
  },
  i64: {
    const: "42 >l literal",
  },
  f32: {
    const: "43 >f literal",
    load: "2a i>f memory 4",
    store: "38 if> memory 4",
    eq: "5b ff>i",
    ne: "5c ff>i",
    lt: "5d ff>i",
    le: "5f ff>i",
    abs: "8b f>f",
    neg: "8c f>f",
    ceil: "8d f>f",
    floor: "8e f>f",
    trunc: "8f f>f",
    nearest: "90 f>f",
    sqrt: "91 f>f",
    add: "92 ff>f",
    sub: "93 ff>f",
    mul: "94 ff>f",
    div: "95 ff>f",
    min: "96 ff>f",
    max: "97 ff>f",
    convert_i32_s: "b2 i>f",
    demote_f64: "b6 d>f",
    reinterpret_i32: "be i>f",
  },
  f64: {
    const: "44 >d literal",
    load: "2b i>d memory 8",
    store: "39 id> memory 8",
    eq: "61 dd>i",
    lt: "63 dd>i",
    abs: "99 d>d",
    sqrt: "9f d>d",
    add: "a0 dd>d",
    sub: "a1 dd>d",
    mul: "a2 dd>d",
    div: "a3 dd>d",
    min: "a4 dd>d",
    max: "a5 dd>d",
    promote_f32: "bb f>d",
  },
  v128: {
    load: "fd.0 i>v memory 16",
    load32_splat: "fd.9 i>v memory 4",
    load32_zero: "fd.5c i>v memory 4",
    load64_zero: "fd.5d i>v memory 8",
    store: "fd.b iv> memory 16",
    load32_lane: "fd.56 iv>v memoryLane 4",
    store32_lane: "fd.5a iv> memoryLane 4",
    store64_lane: "fd.5b iv> memoryLane 8",
    const: "fd.c >v bytes 16",
    not: "fd.4d v>v",
    and: "fd.4e vv>v",
    or: "fd.50 vv>v",
    xor: "fd.51 vv>v",
    /** (ones, zeros, mask): bits of `ones` where the mask is set. */
    bitselect: "fd.52 vvv>v",
    any_true: "fd.53 v>i",
  },
  i8x16: {
    shuffle: "fd.d vv>v lanes 16",
  },
  i16x8: {
    extend_low_i8x16_s: "fd.87 v>v",
    extend_low_i8x16_u: "fd.89 v>v",
    narrow_i32x4_u: "fd.86 vv>v",
  },
  i32x4: {
    splat: "fd.11 i>v",
    extract_lane: "fd.1b v>i lane 4",
    replace_lane: "fd.1c vi>v lane 4",
    eq: "fd.37 vv>v",
    ne: "fd.38 vv>v",
    lt_s: "fd.39 vv>v",
    le_s: "fd.3d vv>v",
    bitmask: "fd.a4 v>i",
    extend_low_i16x8_s: "fd.a7 v>v",
    extend_low_i16x8_u: "fd.a9 v>v",
    shl: "fd.ab vi>v",
    shr_s: "fd.ac vi>v",
    shr_u: "fd.ad vi>v",
    add: "fd.ae vv>v",
    sub: "fd.b1 vv>v",
    mul: "fd.b5 vv>v",
    trunc_sat_f32x4_s: "fd.f8 v>v",
    relaxed_laneselect: "fd.10b vvv>v",
  },
  f32x4: {
    splat: "fd.13 f>v",
    extract_lane: "fd.1f v>f lane 4",
    replace_lane: "fd.20 vf>v lane 4",
    eq: "fd.41 vv>v",
    ne: "fd.42 vv>v",
    lt: "fd.43 vv>v",
    le: "fd.45 vv>v",
    ceil: "fd.67 v>v",
    floor: "fd.68 v>v",
    trunc: "fd.69 v>v",
    nearest: "fd.6a v>v",
    abs: "fd.e0 v>v",
    neg: "fd.e1 v>v",
    sqrt: "fd.e3 v>v",
    convert_i32x4_s: "fd.fa v>v",
    demote_f64x2_zero: "fd.5e v>v",
    add: "fd.e4 vv>v",
    sub: "fd.e5 vv>v",
    mul: "fd.e6 vv>v",
    div: "fd.e7 vv>v",
    min: "fd.e8 vv>v",
    max: "fd.e9 vv>v",
    pmin: "fd.ea vv>v",
    pmax: "fd.eb vv>v",
    /** (a, b, c): a * b + c, rounded once where the host has fused multiply-add. */
    relaxed_madd: "fd.105 vvv>v",
    /** (a, b, c): c - a * b. */
    relaxed_nmadd: "fd.106 vvv>v",
  },
  f64x2: {
    promote_low_f32x4: "fd.5f v>v",
    add: "fd.f0 vv>v",
    sub: "fd.f1 vv>v",
    mul: "fd.f2 vv>v",
    div: "fd.f3 vv>v",
    pmin: "fd.f6 vv>v",
    pmax: "fd.f7 vv>v",
    relaxed_madd: "fd.107 vvv>v",
  },
} as const satisfies Record<string, Record<string, string>>;

export type InstructionTable = typeof instructionTable;

/** Reads a row of the table. */
export function instructionRow(text: string): InstructionRow {
  const [code = "", signature = "", immediate = "none", size = "0"] = text.split(" ");
  const [first = 0, ...rest] = code.split(".").map((part) => Number.parseInt(part, 16));
  const [operands = "", result = ""] = signature.split(">");
  return {
    // Numbers after a prefix are LEB128, of two bytes at most.
    opcode: [first, ...rest.flatMap((part) => (part < 0x80 ? [part] : [(part & 0x7f) | 0x80, part >> 7]))],
    operands: operands.split("").flatMap(types),
    result: types(result)[0] ?? null,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the tests read every row of the table
    immediate: immediate as ImmediateKind,
    size: Number(size),
    exactAlignment: first === 0xfe,
  };
}

function types(letter: string): readonly ValueType[] {
  return isLetter(letter) ? [typeOfLetter[letter]] : [];
}

function isLetter(letter: string): letter is TypeLetter {
  return letter in typeOfLetter;
}
