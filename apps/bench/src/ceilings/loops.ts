import { type Level, wasmFeatures } from "@gradus/wasm";
import { type FunctionBuilder, ModuleBuilder } from "@gradus/wasm/asm";

/** A loop that does one thing as fast as the machine can: `run(times)` of its module. */
export interface CeilingLoop {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  /** Operations, or bytes read and written, of one time. */
  readonly amount: number;
  /** Times of a call of a fraction of a millisecond: V8 gives a running loop no better code, so warming up takes many calls. */
  readonly times: number;
}

/** Chains that do not wait for each other: enough to cover the latency of an addition behind a product, few enough for 15 registers. */
const chains = 12;

/** accumulator = accumulator * a + b on registers alone: fused, as two instructions of four lanes, or scalar. */
export function arithmeticLoop(level: Level): CeilingLoop {
  const module = new ModuleBuilder();
  const lanes = level === "scalar" ? 1 : 4;
  const type = lanes === 1 ? "f32" : "v128";
  module.function("run", { parameters: ["i32"], result: "f32", export: "run" }, (f, times) => {
    const constant = (value: number): void => (lanes === 1 ? f.f32.const(value) : f.f32x4.splat(value));
    const [a, b] = [0.999, 0.001].map((value) => f.local(type, () => constant(value)));
    if (a === undefined || b === undefined) return;
    const accumulators = Array.from({ length: chains }, (_, i) => f.local(type, () => constant(i / chains)));
    const turn = f.local("i32");
    f.for(turn, 0, times, 1, () => {
      for (const accumulator of accumulators) {
        for (const operand of [accumulator, a]) f.get(operand);
        if (level === "relaxed") f.get(b);
        else {
          if (lanes === 1) f.f32.mul();
          else f.f32x4.mul();
          f.get(b);
        }
        if (level === "relaxed") f.f32x4.relaxed_madd();
        else if (lanes === 1) f.f32.add();
        else f.f32x4.add();
        f.set(accumulator);
      }
    });
    // Returned, so that nothing above is dead.
    accumulators.forEach((accumulator, i) => {
      f.get(accumulator);
      if (i === 0) return;
      if (lanes === 1) f.f32.add();
      else f.f32x4.add();
    });
    if (lanes === 4) f.f32x4.extract_lane(0);
  });
  return { module: new WebAssembly.Module(module.build()), pages: 0, amount: 2 * lanes * chains, times: 60_000 };
}

/** Copies the first half of `bytes` into the second, with the widest loads the host has. */
export function copyLoop(bytes: number): CeilingLoop {
  const module = new ModuleBuilder();
  const pages = Math.ceil(bytes / 65_536);
  module.importMemory({ initial: pages, maximum: pages, shared: false });
  const half = bytes / 2;
  const wide = wasmFeatures().simd;
  const width = wide ? 16 : 4;
  const unrolled = 4;
  const copy = (f: FunctionBuilder, offset: number, from: Parameters<FunctionBuilder["get"]>[0]): void => {
    f.get(from);
    f.get(from);
    if (wide) {
      f.v128.load(offset);
      f.v128.store(half + offset);
    } else {
      f.f32.load(offset);
      f.f32.store(half + offset);
    }
  };
  module.function("run", { parameters: ["i32"], export: "run" }, (f, times) => {
    const turn = f.local("i32");
    const from = f.local("i32");
    f.for(turn, 0, times, 1, () =>
      f.for(from, 0, half, width * unrolled, () => {
        for (let i = 0; i < unrolled; i++) copy(f, i * width, from);
      }),
    );
  });
  return { module: new WebAssembly.Module(module.build()), pages, amount: bytes, times: Math.max(1, Math.round((1 << 23) / bytes)) };
}
