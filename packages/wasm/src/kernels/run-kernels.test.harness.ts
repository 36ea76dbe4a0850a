import { expect } from "vitest";
import { exportedFunction, ModuleBuilder } from "../asm/index.ts";
import type { Epilogue, Kernel, Level } from "./kernel.ts";

export const levels: readonly Level[] = ["relaxed", "simd", "scalar"];

/** A small seeded generator (mulberry32), uniform in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function randomFloats(length: number, seed: number): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length }, () => next() * 2 - 1);
}

/** The bits of a NaN, so that a value read from where nothing was written shows in the result. */
const canary = 0x7fc0_cafe;
const margin = 64;

/**
 * Runs the kernels of one call in a fresh memory, tiles in an order drawn from `seed`, and gives the output.
 * Every buffer stands between canaries; workspace, scratch (before every tile) and output start as canaries too. The input numbered
 * `last` ends where the memory ends, so that reading beyond it traps.
 */
export function runKernels(
  kernels: readonly Kernel[],
  inputs: readonly Float32Array[],
  outputLength: number,
  level: Level,
  seed: number,
  last = inputs.length - 1,
): Float32Array {
  const bytesOf = (name: "scratchBytes" | "workspaceBytes") => Math.max(0, ...kernels.map((one) => one[name]));
  const sizes = [bytesOf("scratchBytes"), bytesOf("workspaceBytes"), ...inputs.map((input) => input.byteLength), outputLength * 4];
  let end = margin;
  const places = sizes.map((bytes) => {
    const at = end;
    end = Math.ceil((end + bytes + margin) / 16) * 16;
    return at;
  });
  // Room for one of the inputs twice.
  const pages = Math.ceil((end + margin + (inputs[last]?.byteLength ?? 0)) / 65_536);
  const flush = inputs[last];
  if (flush !== undefined) places[last + 2] = pages * 65_536 - flush.byteLength;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer).fill(canary);
  inputs.forEach((input, i) => new Float32Array(memory.buffer, places[i + 2], input.length).set(input));

  const module = new ModuleBuilder();
  module.importMemory({ initial: pages, maximum: pages });
  kernels.forEach((one, i) => module.export(`k${i}`, one.emit(module, level)));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } });
  const [scratch = 0, workspace = 0, ...buffers] = places;
  const next = generator(seed);
  kernels.forEach((one, i) => {
    expect(one.buffers, `${one.name} buffers`).toBe(inputs.length + 1);
    const run = exportedFunction(instance, `k${i}`);
    const order = Array.from({ length: one.tiles }, (_, tile) => ({ tile, key: next() })).sort((a, b) => a.key - b.key);
    for (const { tile } of order) {
      words.fill(canary, scratch >> 2, (scratch + (sizes[0] ?? 0)) >> 2);
      run(tile, scratch, workspace, ...buffers);
    }
  });

  const ends = places.map((at, i) => at + (sizes[i] ?? 0));
  for (const [i, after] of [0, ...ends].entries()) {
    const next = Math.min(pages * 65_536, ...places.filter((at, j) => at >= after && (sizes[j] ?? 0) > 0));
    const at = words.subarray(after >> 2, next >> 2).findIndex((word) => word !== canary);
    expect(at, `words after ${i === 0 ? "the start" : `buffer ${i - 1}`} before one that is no canary`).toBe(-1);
  }
  inputs.forEach((input, i) =>
    expect(
      new Float32Array(memory.buffer, places[i + 2], input.length).every((value, j) => value === input[j]),
      `input ${i} unchanged`,
    ).toBe(true),
  );
  return new Float32Array(memory.buffer, places.at(-1), outputLength).slice();
}

/** Runs on a level twice, in two orders; expects equal bits and agreement with float64 within 1e-5 of the maximum. */
export function expectKernels(kernels: readonly Kernel[], inputs: readonly Float32Array[], expected: Float64Array, level: Level): void {
  const result = runKernels(kernels, inputs, expected.length, level, 1);
  const again = runKernels(kernels, inputs, expected.length, level, 2, 0);
  expect(new Int32Array(again.buffer)).toEqual(new Int32Array(result.buffer));
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  let worst = 0;
  result.forEach((value, i) => {
    const error = Math.abs(value - (expected[i] ?? Number.NaN)) / scale;
    worst = error <= worst ? worst : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  });
  expect(worst, `relative error on ${level}`).toBeLessThanOrEqual(1e-5);
}

/** relu(value + bias[axes[axis]]) + 0.001 * (sum of weighted axes), so that every axis is checked. */
export function biasRelu(axis: number): Epilogue {
  return {
    key: `bias-relu-${axis}`,
    buffers: 1,
    emit: (f, { axes, buffers: [bias], ...at }) => {
      const index = axes[axis];
      const last = axes.at(-1);
      const first = axes[0];
      if (bias === undefined || index === undefined || last === undefined || first === undefined)
        throw new Error("the epilogue needs its bias and axes");
      const place = () => f.i32.add(bias, () => f.i32.shl(index, 2));
      const ramp = () => f.f32.mul(() => f.f32.convert_i32_s(() => f.i32.add(last, () => f.i32.mul(first, 3))), 0.001);
      if (at.lanes === 1) {
        f.f32.add(at.accumulator, () => f.f32.load(0, place));
        f.f32.max(0);
        f.f32.add(ramp);
      } else {
        f.get(at.accumulator);
        if (axis === axes.length - 1) f.v128.load(0, place);
        else f.v128.load32_splat(0, place);
        f.f32x4.add();
        f.f32x4.max(() => f.f32x4.splat(0));
        f.f32x4.add(() => f.f32x4.splat(ramp));
        f.f32x4.add(() => f.v128.const(new Uint8Array(new Float32Array([0, 0.001, 0.002, 0.003]).buffer)));
      }
    },
  };
}

export function biasReluOf(value: number, bias: number, first: number, last: number): number {
  return Math.max(0, value + bias) + 0.001 * (last + 3 * first);
}
