import { leafTable } from "@gradus/tensor";
import { exportedFunction, type Local, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "../kernels/kernel.ts";
import { Lanes, type Term } from "./lanes.ts";
import { MathFunctions, type MathName } from "./math.ts";

export type MathRun = (first: Float32Array, second?: Float32Array) => Float32Array;

/** A function over arrays (of a multiple of four numbers), called once per `lanes` numbers. */
export function mathRun(name: MathName, level: Level, lanes: 4 | 1 = level === "scalar" ? 1 : 4): MathRun {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 0, maximum: 65_536 });
  const math = new MathFunctions(module, level, [name]);
  module.function("run", { parameters: ["i32", "i32", "i32", "i32"], export: "run" }, (f, first, second, output, bytes) => {
    const l = new Lanes(f, lanes, level);
    const at = f.local("i32");
    const place = (base: Local<"i32">) => () => f.i32.add(base, at);
    const load = (base: Local<"i32">): Term => (lanes === 4 ? () => f.v128.load(0, place(base)) : () => f.f32.load(0, place(base)));
    f.for(at, 0, bytes, 4 * lanes, () => {
      const value = math.call(l, name, [load(first), load(second)].slice(0, leafTable[name].arity));
      if (lanes === 4) f.v128.store(0, place(output), value);
      else f.f32.store(0, place(output), value);
    });
  });
  const compiled = new WebAssembly.Module(module.build());
  return (first, second = first) => {
    const bytes = first.byteLength;
    const pages = Math.ceil((bytes * 3) / 65_536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 65_536, shared: true });
    new Float32Array(memory.buffer).set(first);
    new Float32Array(memory.buffer, bytes).set(second);
    const run = exportedFunction(new WebAssembly.Instance(compiled, { env: { memory } }), "run");
    run(0, bytes, 2 * bytes, bytes);
    return new Float32Array(memory.buffer, 2 * bytes, first.length);
  };
}

/** Units in the last place of float32 between a result and the exact value; infinity counts as 2^128, two NaN are equal. */
export function unitsApart(result: number, exact: number): number {
  if (Number.isNaN(exact)) return Number.isNaN(result) ? 0 : Number.POSITIVE_INFINITY;
  if (Number.isNaN(result)) return Number.POSITIVE_INFINITY;
  const most = 2 ** 128;
  const value = Math.max(-most, Math.min(most, exact));
  return Math.abs(Math.max(-most, Math.min(most, result)) - value) / unit(value);
}

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);

/** The distance between float32 numbers around a value. */
function unit(value: number): number {
  number[0] = Math.max(2 ** -126, Math.min(2 ** 127, Math.abs(value)));
  // The exponent alone, less 23; the high word is the second.
  words[1] = ((words[1] ?? 0) & 0x7ff00000) - (23 << 20);
  words[0] = 0;
  return number[0];
}

/** About `count` floats of every sign and magnitude, evenly over the bit patterns. */
export function everyMagnitude(count: number): Float32Array {
  const step = Math.floor(2 ** 32 / count) | 1;
  const patterns = Uint32Array.from({ length: count & ~3 }, (_, i) => i * step);
  return new Float32Array(patterns.buffer);
}

/** `count` floats evenly from low to high. */
export function evenly(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count & ~3 }, (_, i) => low + ((high - low) * i) / count);
}
