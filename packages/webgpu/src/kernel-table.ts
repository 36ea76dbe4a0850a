import type { Epilogue, KernelTable } from "@gradus/compile";
import { type Aval, sizeOf } from "@gradus/tensor";
import type { Contraction } from "./kernels/contraction.ts";
import { plainContraction } from "./kernels/contraction-plain.ts";
import { type Tile, tiledContraction } from "./kernels/contraction-tiled.ts";
import { conv2dContraction, inputGradContraction, weightGradContraction } from "./kernels/conv2d.ts";
import type { Ending } from "./kernels/finish.ts";
import type { Kernels, Operand } from "./kernels/kernel.ts";
import { matmulContraction } from "./kernels/matmul.ts";
import { scatterAddKernels } from "./kernels/scatter-add.ts";

/** The buffers of a library step: two inputs, and the output. */
export interface CallBuffers {
  readonly reads: readonly number[];
  readonly write: { readonly id: number } & Aval;
}

/** One way to compute a library call, by a name that tuning remembers it by. */
export interface Candidate {
  readonly name: string;
  readonly kernels: (buffers: CallBuffers) => Kernels;
}

/** Kernels for every library op. */
export function kernelTable({ software }: { readonly software: boolean }): KernelTable<Candidate> {
  const contracted = (
    contraction: (operands: readonly [Operand, Operand]) => Contraction,
    epilogue: Epilogue | null,
  ): readonly [Candidate, ...Candidate[]] => {
    const make =
      (kernels: (contraction: Contraction, ending: Ending) => Kernels) =>
      ({ reads: [left = 0, right = 0], write }: CallBuffers): Kernels =>
        kernels(contraction([input(left), input(right)]), { epilogue, write });
    const plain: Candidate = { name: "plain", kernels: make((each, ending) => plainContraction(each, ending, plainParts(each))) };
    const sample = contraction([input(0), input(1)]);
    const [rows, columns, inner] = [sizeOf(sample.rows), sizeOf(sample.columns), sizeOf(sample.inner)];
    if (rows < 8 || columns < 8 || inner < 8) return [plain];
    const tiled = tiles.map((tile): Candidate => ({
      name: `${tile.rows * tile.down}x${tile.columns * tile.across}x${tile.depth}`,
      kernels: make((each, ending) => tiledContraction(each, ending, tile, tiledParts(each, tile))),
    }));
    const [first = plain, ...others] = tiled;
    return software || rows * columns < 4096 ? [plain, ...tiled] : [first, ...others, plain];
  };
  return {
    matmul: (call, epilogue) => contracted((operands) => matmulContraction(call, operands), epilogue),
    conv2d: (call, epilogue) => contracted((operands) => conv2dContraction(call, operands), epilogue),
    conv2dInputGrad: (call, epilogue) => contracted((operands) => inputGradContraction(call, operands), epilogue),
    conv2dWeightGrad: (call, epilogue) => contracted((operands) => weightGradContraction(call, operands), epilogue),
    scatterAdd: (call) => [
      {
        name: "by row",
        kernels: ({ reads: [index = 0, updates = 0], write }) => scatterAddKernels(call, [input(index), input(updates)], write),
      },
    ],
  };
}

const tiles: readonly Tile[] = [
  { rows: 4, columns: 4, down: 16, across: 16, depth: 16 },
  { rows: 8, columns: 8, down: 16, across: 16, depth: 8 },
  { rows: 4, columns: 4, down: 8, across: 8, depth: 16 },
];

/** Invocations or workgroups that keep a device busy. */
const busy = { invocations: 16_384, workgroups: 128 } as const;
/** Products that a part of a split sum holds, at least. */
const leastPart = 128;

function plainParts({ batch, rows, columns, inner: [first = 1, ...others] }: Contraction): number {
  const elements = batch * sizeOf(rows) * sizeOf(columns);
  return Math.max(1, Math.min(Math.ceil(busy.invocations / elements), Math.floor((first * sizeOf(others)) / leastPart), first));
}

function tiledParts({ batch, rows, columns, inner }: Contraction, tile: Tile): number {
  const blocks = batch * Math.ceil(sizeOf(rows) / (tile.rows * tile.down)) * Math.ceil(sizeOf(columns) / (tile.columns * tile.across));
  return Math.max(1, Math.min(Math.ceil(busy.workgroups / blocks), Math.floor(sizeOf(inner) / (2 * leastPart))));
}

function input(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
