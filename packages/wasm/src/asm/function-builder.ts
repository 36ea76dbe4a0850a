import { ByteWriter } from "./bytes.ts";
import { AssemblerError } from "./error.ts";
import { writeImmediates } from "./immediates.ts";
import { immediateCount, type InstructionArgument, type Instructions, instructions, type Operand } from "./instructions.ts";
import type { InstructionRow } from "./instruction-table.ts";
import { Local } from "./local.ts";
import { OperandStack } from "./operand-stack.ts";
import { type FunctionHandle, type GlobalHandle, type Signature, type ValueType, valueTypeCode } from "./types.ts";

/** A target of `br`: the end of a block or `if`, the start of a loop. Valid inside its body only. */
export interface Label {
  readonly kind: "function" | "block" | "loop" | "if";
}

/** N items where N is a literal, else any number of them. */
export type Tuple<T, N extends number, Items extends readonly T[] = []> = number extends N
  ? T[]
  : Items["length"] extends N
    ? Items
    : Tuple<T, N, [...Items, T]>;

/** The operands of a call, all of them or, when none is given, from the stack. */
export type CallOperands<P extends readonly ValueType[]> = [] | { readonly [K in keyof P]: Operand<P[K]> };

/**
 * Emits the body of one function.
 *
 * Instructions are methods named as in the text format (`f.f32x4.mul(a, b)`, `f.v128.load(16, address)`): immediates
 * first, then as many trailing operands as are at hand; the others are taken from the stack. Every instruction is checked
 * against the types on the stack as it is emitted, so a finished function validates.
 *
 * @throws AssemblerError naming the instruction, what it expected and what it found.
 */
export class FunctionBuilder {
  readonly name: string;
  readonly signature: Signature;
  readonly parameters: readonly Local[];
  readonly i32: Instructions["i32"];
  readonly i64: Instructions["i64"];
  readonly f32: Instructions["f32"];
  readonly f64: Instructions["f64"];
  readonly v128: Instructions["v128"];
  readonly i8x16: Instructions["i8x16"];
  readonly i16x8: Instructions["i16x8"];
  readonly i32x4: Instructions["i32x4"];
  readonly f32x4: Instructions["f32x4"];
  readonly f64x2: Instructions["f64x2"];
  readonly memory: Instructions["memory"];

  readonly #code = new ByteWriter();
  readonly #stack: OperandStack;
  readonly #localTypes: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  readonly #live = new Set<Local>();

  constructor(name: string, signature: Signature) {
    this.name = name;
    this.signature = signature;
    this.#stack = new OperandStack(name, signature.result);
    this.parameters = signature.parameters.map((type) => this.#newLocal(type));
    const set = instructions((instruction, row, args) => this.#instruction(instruction, row, args));
    this.i32 = set.i32;
    this.i64 = set.i64;
    this.f32 = set.f32;
    this.f64 = set.f64;
    this.v128 = set.v128;
    this.i8x16 = set.i8x16;
    this.i16x8 = set.i16x8;
    this.i32x4 = set.i32x4;
    this.f32x4 = set.f32x4;
    this.f64x2 = set.f64x2;
    this.memory = set.memory;
  }

  // Locals

  /** A local of the given type; its first value is whatever a freed local left there, so set it before reading. */
  local<T extends ValueType>(type: T, initial?: Operand<T>): Local<T> {
    const index = this.#free[type].pop();
    const local = index === undefined ? this.#newLocal(type) : new Local(this, type, index);
    this.#live.add(local);
    if (initial !== undefined) this.set(local, initial);
    return local;
  }

  /** Several locals of one type. */
  locals<T extends ValueType, const N extends number>(type: T, count: N): Tuple<Local<T>, N> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an array of `count` locals is a tuple of that length
    return Array.from({ length: count }, () => this.local(type)) as Tuple<Local<T>, N>;
  }

  /** Gives locals back for reuse; the handles are dead from here on. */
  free(...locals: readonly Local[]): void {
    for (const local of locals) {
      this.#checkLocal("free", local);
      this.#live.delete(local);
      this.#free[local.type].push(local.index);
    }
  }

  get(local: Local): void {
    this.#checkLocal("local.get", local);
    this.#code.u8(0x20);
    this.#code.u32(local.index);
    this.#stack.push(local.type);
  }

  /** Stores the value, or the one on the stack, into the local. */
  set<T extends ValueType>(local: Local<T>, value?: Operand<T>): void {
    this.#assign(0x21, "local.set", local, value);
  }

  /** As `set`, leaving the value on the stack. */
  tee<T extends ValueType>(local: Local<T>, value?: Operand<T>): void {
    this.#assign(0x22, "local.tee", local, value);
    this.#stack.push(local.type);
  }

  /** Adds to an index or an address. */
  advance(local: Local<"i32">, by: Operand<"i32">): void {
    this.i32.add(local, by);
    this.set(local);
  }

  globalGet(global: GlobalHandle): void {
    this.#code.u8(0x23);
    this.#code.u32(global.index);
    this.#stack.push(global.type);
  }

  globalSet<T extends ValueType>(global: GlobalHandle<T>, value?: Operand<T>): void {
    if (!global.mutable) throw this.#error("asm/global", `global.set of ${global.name}, which is constant`);
    if (value !== undefined) this.push(global.type, value, "global.set");
    this.#stack.pop("global.set", global.type);
    this.#code.u8(0x24);
    this.#code.u32(global.index);
  }

  // Operands

  /** Pushes an operand: reads a local, makes a constant, or runs a callback that must leave one value of the type. */
  push(type: ValueType, operand: Operand, instruction = "push"): void {
    if (operand instanceof Local) return this.get(operand);
    if (typeof operand === "function") return this.#stack.one(instruction, type, operand);
    if (typeof operand === "bigint") return this.i64.const(operand);
    if (type === "i64" || type === "v128")
      throw this.#error("asm/operand", `${instruction} expects ${type}, for which the number ${operand} cannot stand`);
    this[type].const(operand);
  }

  /** Discards the value on the stack. */
  drop(): void {
    this.#stack.pop("drop", null);
    this.#code.u8(0x1a);
  }

  /** The first value if the condition is not zero, else the second; operands all given or all on the stack. */
  select<T extends ValueType>(type: T, ...operands: [] | [Operand<T>, Operand<T>, Operand<"i32">]): void {
    if (operands.length === 3) {
      this.push(type, operands[0], "select");
      this.push(type, operands[1], "select");
      this.push("i32", operands[2], "select");
    }
    this.#stack.popAll("select", [type, type, "i32"]);
    this.#code.append([0x1c, 1, valueTypeCode[type]]);
    this.#stack.push(type);
  }

  call<P extends readonly ValueType[]>(callee: FunctionHandle<P>, ...operands: CallOperands<P>): void {
    const given: readonly Operand[] = operands;
    if (given.length > 0 && given.length !== callee.parameters.length)
      throw this.#error("asm/operand-count", `call ${callee.name} takes ${callee.parameters.length} operands, ${given.length} given`);
    callee.parameters.forEach((type, i) => {
      const operand = given[i];
      if (operand !== undefined) this.push(type, operand, `call ${callee.name}`);
    });
    this.#stack.popAll(`call ${callee.name}`, callee.parameters);
    this.#code.u8(0x10);
    this.#code.u32(callee.index);
    if (callee.result !== null) this.#stack.push(callee.result);
  }

  // Structured control

  /** A block; `br` to its label leaves it. With a result type, the body leaves (and `br` carries) one value. */
  block(body: (label: Label) => void, result: ValueType | null = null): void {
    this.#region(0x02, "block", result, body);
  }

  /** A loop; `br` to its label starts the next turn, and reaching the end of the body leaves it. */
  loop(body: (label: Label) => void, result: ValueType | null = null): void {
    this.#region(0x03, "loop", result, body);
  }

  /** Runs one of two bodies; with a result type both are needed and each leaves one value. */
  if(condition: Operand<"i32">, then: (label: Label) => void, otherwise?: (label: Label) => void, result: ValueType | null = null): void {
    this.push("i32", condition, "if");
    this.#stack.pop("if", "i32");
    const label = this.#open(0x04, "if", result);
    then(label);
    if (otherwise !== undefined) {
      this.#stack.alternative(label);
      this.#code.u8(0x05);
      otherwise(label);
    } else if (result !== null) throw this.#error("asm/if-result", `if with a ${result} result needs both bodies`);
    this.#close(label);
  }

  /**
   * Counts `index` from `from` up to, not including, `to` in steps of a positive constant. Bounds are read each turn;
   * constant bounds decide here whether there is a loop at all.
   */
  for(index: Local<"i32">, from: Operand<"i32">, to: Local<"i32"> | number, step: number, body: () => void): void {
    if (!(Number.isInteger(step) && step > 0)) throw this.#error("asm/for-step", `a counted loop needs a positive whole step, not ${step}`);
    const constant = typeof from === "number" && typeof to === "number";
    if (constant && from >= to) return;
    this.set(index, from);
    const turn = () =>
      this.loop((again) => {
        body();
        this.i32.add(index, step);
        this.tee(index);
        this.i32.lt_s(to);
        this.brIf(again);
      });
    if (constant && from + step >= to) body();
    else if (constant) turn();
    else this.if(() => this.i32.lt_s(index, to), turn);
  }

  br(label: Label): void {
    const { depth, carried } = this.#stack.target("br", label);
    if (carried !== null) this.#stack.pop("br", carried);
    this.#code.u8(0x0c);
    this.#code.u32(depth);
    this.#stack.unreachable();
  }

  brIf(label: Label, condition?: Operand<"i32">): void {
    if (condition !== undefined) this.push("i32", condition, "br_if");
    this.#stack.pop("br_if", "i32");
    const { depth, carried } = this.#stack.target("br_if", label);
    if (carried !== null) {
      this.#stack.pop("br_if", carried);
      this.#stack.push(carried);
    }
    this.#code.u8(0x0d);
    this.#code.u32(depth);
  }

  /** Leaves the function with the given value, or the one on the stack. */
  return(value?: Operand): void {
    const { result } = this.signature;
    if (value !== undefined && result !== null) this.push(result, value, "return");
    if (result !== null) this.#stack.pop("return", result);
    this.#code.u8(0x0f);
    this.#stack.unreachable();
  }

  unreachable(): void {
    this.#code.u8(0x00);
    this.#stack.unreachable();
  }

  nop(): void {
    this.#code.u8(0x01);
  }

  /** Ends the function and encodes its entry of the code section: local declarations, then instructions. */
  finish(): Uint8Array {
    this.#stack.finish();
    const entry = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#localTypes.slice(this.signature.parameters.length)) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    entry.u32(runs.length);
    for (const { type, count } of runs) {
      entry.u32(count);
      entry.u8(valueTypeCode[type]);
    }
    entry.append(this.#code.finish());
    entry.u8(0x0b);
    return entry.finish();
  }

  #instruction(name: string, row: InstructionRow, args: readonly InstructionArgument[]): void {
    const immediates = immediateCount[row.immediate];
    const missing = row.operands.length - (args.length - immediates);
    if (args.length < immediates || missing < 0)
      throw this.#error(
        "asm/operand-count",
        `${name} takes ${immediates} immediates and up to ${row.operands.length} operands, ${args.length} arguments given`,
      );
    for (let i = missing; i < row.operands.length; i++) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what follows the immediates are operands: the methods' types say so
      this.push(row.operands[i] ?? "i32", args[immediates + i - missing] as Operand, name);
    }
    this.#stack.popAll(name, row.operands);
    this.#code.append(row.opcode);
    writeImmediates(this.#code, name, row, args);
    if (row.result !== null) this.#stack.push(row.result);
  }

  #assign(opcode: number, name: string, local: Local, value: Operand | undefined): void {
    this.#checkLocal(name, local);
    if (value !== undefined) this.push(local.type, value, name);
    this.#stack.pop(name, local.type);
    this.#code.u8(opcode);
    this.#code.u32(local.index);
  }

  #region(opcode: number, kind: "block" | "loop", result: ValueType | null, body: (label: Label) => void): void {
    const label = this.#open(opcode, kind, result);
    body(label);
    this.#close(label);
  }

  #open(opcode: number, kind: Label["kind"], result: ValueType | null): Label {
    const label: Label = { kind };
    this.#code.u8(opcode);
    this.#code.u8(result === null ? 0x40 : valueTypeCode[result]);
    this.#stack.open(label, result);
    return label;
  }

  #close(label: Label): void {
    this.#stack.close(label);
    this.#code.u8(0x0b);
  }

  #newLocal<T extends ValueType>(type: T): Local<T> {
    const local = new Local(this, type, this.#localTypes.length);
    this.#localTypes.push(type);
    this.#live.add(local);
    return local;
  }

  #checkLocal(instruction: string, local: Local): void {
    if (this.#live.has(local)) return;
    const reason = local.owner === this ? "after it was freed" : "of another function";
    throw this.#error("asm/local", `${instruction} names ${local.type} local ${local.index} ${reason}`);
  }

  #error(code: string, sentence: string): AssemblerError {
    return new AssemblerError(code, sentence, { subject: this.name });
  }
}
