/**
 * One-thread speed of the kernels: `node --conditions=gradus-source packages/wasm/bench/kernels.ts [filter] [level]`.
 * Prints GFLOP/s (operations of the direct algorithm over time), best and median.
 */
import { exportedFunction, ModuleBuilder } from "../src/asm/index.ts";
import type { Kernel, Level } from "../src/kernels/kernel.ts";
import { conv2dKernels } from "../src/kernels/conv2d.ts";
import { describe, operationsOf } from "../src/kernels/conv2d-shape.ts";
import { conv2dInputGradKernels } from "../src/kernels/conv2d-input-gradient.ts";
import { conv2dWeightGradKernels } from "../src/kernels/conv2d-weight-gradient.ts";
import { matmulKernels } from "../src/kernels/matmul.ts";

interface Case {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly number[];
  readonly output: number;
  readonly operations: number;
}

function matmulCase(m: number, n: number, k: number, kind: "nn" | "nt" | "tn" | "tt" = "nn"): Case {
  const kernels = matmulKernels(
    { batch: 1, m, n, k, transposeA: kind[0] === "t", transposeB: kind[1] === "t", batchStrideA: 0, batchStrideB: 0 },
    null,
  );
  return { name: `matmul ${m}x${n}x${k} ${kind}`, kernels, inputs: [m * k, k * n], output: m * n, operations: 2 * m * n * k };
}

function convCase(n: number, c: number, size: number, o: number, kernel: number, pad = 0, stride = 1, groups = 1): readonly Case[] {
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const shape = {
    n,
    c,
    h: size,
    w: size,
    o,
    kh: kernel,
    kw: kernel,
    strideH: stride,
    strideW: stride,
    padTop: pad,
    padLeft: pad,
    padBottom: pad,
    padRight: pad,
    dilationH: 1,
    dilationW: 1,
    groups,
    oh: out,
    ow: out,
  };
  const [image, weights, result] = [n * c * size * size, (o * c * kernel * kernel) / groups, n * o * out * out];
  const operations = operationsOf(shape);
  return [
    { name: `conv ${describe(shape)}`, kernels: conv2dKernels(shape, null), inputs: [image, weights], output: result, operations },
    {
      name: `conv input gradient ${describe(shape)}`,
      kernels: conv2dInputGradKernels(shape, null),
      inputs: [result, weights],
      output: image,
      operations,
    },
    {
      name: `conv weight gradient ${describe(shape)}`,
      kernels: conv2dWeightGradKernels(shape),
      inputs: [image, result],
      output: weights,
      operations,
    },
  ];
}

const cases: readonly Case[] = [
  ...[16, 32, 64, 128, 256, 512, 1024].map((size) => matmulCase(size, size, size)),
  ...(["nt", "tn", "tt"] as const).flatMap((kind) => [matmulCase(256, 256, 256, kind), matmulCase(1024, 1024, 1024, kind)]),
  matmulCase(64, 500, 800, "nt"),
  matmulCase(64, 800, 500),
  matmulCase(500, 800, 64, "tn"),
  matmulCase(64, 10, 500, "nt"),
  matmulCase(64, 500, 10),
  matmulCase(10, 500, 64, "tn"),
  matmulCase(8, 512, 512, "nt"),
  matmulCase(1, 512, 512),
  matmulCase(1, 512, 512, "nt"),
  matmulCase(512, 1, 512),
  matmulCase(512, 1, 512, "tn"),
  ...convCase(64, 1, 28, 20, 5),
  ...convCase(64, 20, 12, 50, 5),
  ...convCase(64, 1, 28, 6, 5, 2),
  ...convCase(64, 6, 14, 16, 5),
  ...convCase(8, 64, 56, 64, 3, 1),
  ...convCase(8, 128, 28, 128, 3, 1),
  ...convCase(8, 256, 14, 256, 3, 1),
  ...convCase(8, 512, 7, 512, 3, 1),
  ...convCase(8, 64, 56, 128, 3, 1, 2),
  ...convCase(8, 64, 56, 128, 1, 0, 2),
  ...convCase(8, 64, 56, 256, 1),
  ...convCase(2, 3, 224, 64, 7, 3, 2),
  ...convCase(8, 128, 56, 128, 3, 1, 1, 128),
];

function measure(
  { kernels, inputs, output, operations }: Case,
  level: Level,
): { best: number; median: number; longestTile: number; bytes: number } {
  const align = (value: number) => Math.ceil(value / 64) * 64;
  let end = 64;
  const place = (bytes: number) => {
    const at = end;
    end = align(end + bytes) + 64;
    return at;
  };
  const scratch = place(Math.max(0, ...kernels.map((one) => one.scratchBytes)));
  const workspace = place(Math.max(0, ...kernels.map((one) => one.workspaceBytes)));
  const buffers = [...inputs, output].map((length) => place(length * 4));
  const pages = Math.ceil(end / 65_536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float32Array(memory.buffer).forEach((_, i, all) => (all[i] = ((i * 7919) % 1000) / 1000 - 0.5));
  const module = new ModuleBuilder();
  module.importMemory({ initial: pages, maximum: pages });
  kernels.forEach((one, i) => module.export(`k${i}`, one.emit(module, level)));
  const bytes = module.build();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const functions = kernels.map((one, i) => ({ tiles: one.tiles, run: exportedFunction(instance, `k${i}`) }));
  const once = () => {
    for (const { tiles, run } of functions) for (let tile = 0; tile < tiles; tile++) run(tile, scratch, workspace, ...buffers);
  };
  const start = performance.now();
  while (performance.now() - start < 150) once();
  const repeats = Math.max(1, Math.ceil(0.5 / ((operations / 40e9) * 1e3)));
  const times: number[] = [];
  const from = performance.now();
  while (performance.now() - from < 500 || times.length < 5) {
    const at = performance.now();
    for (let i = 0; i < repeats; i++) once();
    times.push((performance.now() - at) / repeats);
  }
  times.sort((x, y) => x - y);
  const longestTile = Math.max(
    ...functions.map(({ run }) => {
      const at = performance.now();
      for (let i = 0; i < 10; i++) run(0, scratch, workspace, ...buffers);
      return (performance.now() - at) * 100;
    }),
  );
  const speed = (ms: number) => operations / ms / 1e6;
  return { best: speed(times[0] ?? 0), median: speed(times[times.length >> 1] ?? 0), longestTile, bytes: bytes.length };
}

const [filter = "", only] = process.argv.slice(2);
const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => (only === undefined ? level !== "scalar" : level === only));
for (const one of cases.filter(({ name }) => name.includes(filter)))
  for (const level of levels) {
    const { best, median, longestTile, bytes } = measure(one, level);
    const tiles = one.kernels.map((kernel) => kernel.tiles).join("+");
    console.log(
      `${one.name.padEnd(44)} ${level.padEnd(8)} ${best.toFixed(1).padStart(6)} best ${median.toFixed(1).padStart(6)} median GFLOP/s  ${tiles} tiles of up to ${longestTile.toFixed(0)} us, ${bytes} bytes`,
    );
  }
