import type { ValueType } from "./types.ts";

/**
 * A typed local variable of one function.
 *
 * Obtained from `FunctionBuilder.local`; giving it back with `free` (or `using`) lets later locals of the same type
 * take its slot. A freed handle stays unusable, so a stale one is an error rather than a clobbered value.
 */
export class Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
  readonly owner: LocalOwner;

  constructor(owner: LocalOwner, type: T, index: number) {
    this.owner = owner;
    this.type = type;
    this.index = index;
  }

  [Symbol.dispose](): void {
    this.owner.free(this);
  }
}

export interface LocalOwner {
  free(local: Local): void;
}
