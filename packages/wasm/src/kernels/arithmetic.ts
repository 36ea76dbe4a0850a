import type { FunctionBuilder, Local, Operand } from "../asm/index.ts";
import type { Level } from "./kernel.ts";

/** A local holding one vector of the level: four floats, or one on the scalar level. */
export type Vector = Local<"v128" | "f32">;

/**
 * Float arithmetic at one instruction level, so that a kernel is written once: on the scalar level a vector has one lane.
 */
export class Arithmetic {
  readonly f: FunctionBuilder;
  readonly level: Level;
  readonly lanes: 4 | 1;
  readonly type: "v128" | "f32";

  constructor(f: FunctionBuilder, level: Level) {
    this.f = f;
    this.level = level;
    this.lanes = level === "scalar" ? 1 : 4;
    this.type = level === "scalar" ? "f32" : "v128";
  }

  vector(): Vector {
    return this.f.local(this.type);
  }

  vectors(count: number): Vector[] {
    return Array.from({ length: count }, () => this.vector());
  }

  /** Pushes zeros. */
  zero(): void {
    if (this.type === "f32") this.f.f32.const(0);
    else this.f.v128.const(new Uint8Array(16));
  }

  /** Pushes one float of memory in every lane. */
  splat(offset: number, address: Operand<"i32">): void {
    if (this.type === "f32") this.f.f32.load(offset, address);
    else this.f.v128.load32_splat(offset, address);
  }

  /** Pushes `count` floats of memory, the remaining lanes zero; reads nothing beyond them. */
  load(offset: number, address: Local<"i32">, count: number = this.lanes): void {
    const { v128, f32 } = this.f;
    if (this.type === "f32") return f32.load(offset, address);
    if (count === 4) return v128.load(offset, address);
    if (count === 1) return v128.load32_zero(offset, address);
    if (count === 2) return v128.load64_zero(offset, address);
    v128.load32_lane(offset + 8, 2, address, () => v128.load64_zero(offset, address));
  }

  /** Stores the first `count` lanes. */
  store(offset: number, address: Local<"i32">, value: Vector, count: number = this.lanes): void {
    const { f } = this;
    const push = () => f.get(value);
    if (this.type === "f32") return f.f32.store(offset, address, push);
    if (count === 4) return f.v128.store(offset, address, push);
    if (count === 1) return f.v128.store32_lane(offset, 0, address, push);
    f.v128.store64_lane(offset, 0, address, push);
    if (count === 3) f.v128.store32_lane(offset + 8, 2, address, push);
  }

  /** accumulator += a * b, rounded once on the relaxed level where the host can. */
  multiplyAdd(accumulator: Vector, a: Vector, b: Vector): void {
    const { f } = this;
    if (this.level === "relaxed") {
      f.get(a);
      f.get(b);
      f.get(accumulator);
      f.f32x4.relaxed_madd();
    } else {
      f.get(accumulator);
      f.get(a);
      f.get(b);
      if (this.type === "f32") {
        f.f32.mul();
        f.f32.add();
      } else {
        f.f32x4.mul();
        f.f32x4.add();
      }
    }
    f.set(accumulator);
  }

  /** accumulator += b. */
  add(accumulator: Vector, b: () => void): void {
    this.f.get(accumulator);
    b();
    if (this.type === "f32") this.f.f32.add();
    else this.f.f32x4.add();
    this.f.set(accumulator);
  }

  /** Pushes the sum of the lanes, pairs first: (0 + 2) + (1 + 3). */
  sum(vector: Vector): void {
    const { f } = this;
    if (this.type === "f32") return f.get(vector);
    const half = this.vector();
    f.set(half, () => {
      f.get(vector);
      f.get(vector);
      f.get(vector);
      f.i8x16.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]);
      f.f32x4.add();
    });
    f.f32.add(
      () => this.element(0, half),
      () => this.element(1, half),
    );
    f.free(half);
  }

  /** Pushes one lane. */
  element(lane: number, vector: Vector): void {
    this.f.get(vector);
    if (this.type === "v128") this.f.f32x4.extract_lane(lane);
  }
}
