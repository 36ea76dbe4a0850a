import { AssemblerError } from "./error.ts";
import type { Label } from "./function-builder.ts";
import type { ValueType } from "./types.ts";

/** A value in code that cannot be reached fits any type. */
type Slot = ValueType | "any";

interface Frame {
  readonly label: Label;
  readonly result: ValueType | null;
  readonly height: number;
  unreachable: boolean;
  /** An `if` without `else` may not have a result; set once the second body begins. */
  alternative: boolean;
}

/**
 * The types on the operand stack and the open control frames of a function being emitted: the validation algorithm of the
 * WebAssembly core specification (appendix), for blocks with no parameters and at most one result.
 */
export class OperandStack {
  readonly #name: string;
  readonly #slots: Slot[] = [];
  readonly #frames: Frame[] = [];
  #top: Frame;

  constructor(name: string, result: ValueType | null) {
    this.#name = name;
    this.#top = { label: { kind: "function" }, result, height: 0, unreachable: false, alternative: false };
    this.#frames.push(this.#top);
  }

  push(type: Slot): void {
    this.#slots.push(type);
  }

  /** Takes the top value, which must have the expected type (null: any type, but a value). */
  pop(instruction: string, expected: ValueType | null): void {
    const frame = this.#top;
    if (this.#slots.length === frame.height) {
      if (frame.unreachable) return;
      throw this.#mismatch(instruction, expected ?? "a value", "nothing");
    }
    const found = this.#slots.pop();
    if (expected !== null && found !== expected && found !== "any") throw this.#mismatch(instruction, expected, found ?? "nothing");
  }

  popAll(instruction: string, expected: readonly ValueType[]): void {
    for (let i = expected.length - 1; i >= 0; i--) this.pop(instruction, expected[i] ?? null);
  }

  /** Runs code that must leave exactly one value of the type above what is there, as an operand of the instruction. */
  one(instruction: string, type: ValueType, emit: () => void): void {
    const frame = this.#top;
    const height = this.#slots.length;
    emit();
    if (frame !== this.#top)
      throw new AssemblerError("asm/operand", `${instruction} has an operand whose code does not close the blocks it opens`, {
        subject: this.#name,
      });
    if (frame.unreachable) return;
    if (this.#slots.length !== height + 1)
      throw new AssemblerError(
        "asm/operand",
        `${instruction} has an operand whose code must leave one ${type}, it left ${this.#slots.length - height} values`,
        { subject: this.#name },
      );
    this.pop(instruction, type);
    this.push(type);
  }

  open(label: Label, result: ValueType | null): void {
    this.#top = { label, result, height: this.#slots.length, unreachable: false, alternative: false };
    this.#frames.push(this.#top);
  }

  /** Ends the first body of an `if` and begins the second. */
  alternative(label: Label): void {
    this.#settle(label);
    this.#top.unreachable = false;
    this.#top.alternative = true;
  }

  close(label: Label): void {
    this.#settle(label);
    this.#frames.pop();
    const { result } = this.#top;
    const outer = this.#frames.at(-1);
    if (outer === undefined) throw new AssemblerError("asm/label", "the function's own frame was closed", { subject: this.#name });
    this.#top = outer;
    if (result !== null) this.push(result);
  }

  /** The relative depth of a label and the type a branch to it carries. */
  target(instruction: string, label: Label): { depth: number; carried: ValueType | null } {
    const at = this.#frames.findLastIndex((frame) => frame.label === label);
    const frame = this.#frames[at];
    if (frame === undefined)
      throw new AssemblerError("asm/label", `${instruction} to a ${label.kind} that is not around it`, { subject: this.#name });
    return { depth: this.#frames.length - 1 - at, carried: label.kind === "loop" ? null : frame.result };
  }

  /** What follows cannot be reached, to the end of the frame. */
  unreachable(): void {
    this.#slots.length = this.#top.height;
    this.#top.unreachable = true;
  }

  finish(): void {
    this.#settle(this.#top.label);
    if (this.#top.label.kind !== "function")
      throw new AssemblerError("asm/label", "the function ends inside a block", { subject: this.#name });
  }

  #settle(label: Label): void {
    const frame = this.#top;
    if (frame.label !== label)
      throw new AssemblerError("asm/label", `a ${label.kind} ends inside a ${frame.label.kind}`, { subject: this.#name });
    const end = `end of ${label.kind}`;
    if (frame.result !== null) this.pop(end, frame.result);
    if (this.#slots.length !== frame.height)
      throw this.#mismatch(
        end,
        frame.result === null ? "an empty stack" : `one ${frame.result}`,
        this.#slots.slice(frame.height).join(", "),
      );
  }

  #mismatch(instruction: string, expected: string, found: string): AssemblerError {
    return new AssemblerError("asm/operand-type", `${instruction} expects ${expected}, found ${found}`, { subject: this.#name });
  }
}
