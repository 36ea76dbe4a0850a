import type { Local } from "../asm/index.ts";
import type { Epilogue, Kernel, KernelArguments } from "./kernel.ts";
import { takesAllRows } from "./matmul-blocking.ts";
import { dotProducts } from "./matmul-dot.ts";
import { packPanels } from "./matmul-pack.ts";
import { tiledMatmul } from "./matmul-tiled.ts";
import { at } from "./tile.ts";

/** C[b] = op(A[b]) op(B[b]) in row-major float32, with every extent known when the code is made. */
export interface MatmulShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** A is stored [k, m]. */
  readonly transposeA: boolean;
  /** B is stored [n, k]. */
  readonly transposeB: boolean;
  /** Elements from one matrix of the batch to the next; 0 repeats one matrix. */
  readonly batchStrideA: number;
  readonly batchStrideB: number;
}

/** A matrix B of at most this many elements is read where it lies; larger ones are packed into panels first. */
const directElements = 256 * 256;

/** Rows that one register tile takes: B is then read once, and no arrangement of it would be used again. */
const oneTile = 6;

/** With so few rows, packing a transposed B would cost as much as the products. */
const fewRows = 16;

/**
 * The kernels of one matrix product; buffers are A, B (or as `inputs` numbers them), the epilogue's, C.
 * Epilogue axes are [batch, row, column].
 *
 * Products with one row or column are matrix-vector forms; a B that is large or transposed is rearranged into 8-wide
 * panels, by a first kernel or, for moderately many rows, by the tiles that use them; everything else reads both operands
 * where they lie.
 */
export function matmulKernels(
  shape: MatmulShape,
  epilogue: Epilogue | null,
  inputs: readonly [a: number, b: number] = [0, 1],
): readonly Kernel[] {
  const { batch, m, n, k } = shape;
  if (batch === 0 || m === 0 || n === 0) return [];
  const vector = n === 1 && m > 1;
  // A column is a row of the transposed product, and stored the same.
  const swapped = vector ? swap(shape) : shape;
  const [a, b] = inputs;
  const task: MatmulTask = {
    shape: swapped,
    swapped: vector,
    summed: false,
    inputs: vector ? [b, a] : inputs,
    epilogue,
    name: nameOf(shape),
  };
  const contiguousA = !swapped.transposeA || swapped.m === 1;
  if (swapped.transposeB && contiguousA && swapped.m <= fewRows && k > 0) return [dotProducts(task)];
  const large = swapped.m > oneTile && swapped.n * k > directElements;
  if (k === 0 || !(swapped.transposeB || large)) return [tiledMatmul(task, "direct")];
  if (takesAllRows(swapped)) return [tiledMatmul(task, "copied")];
  return [packPanels(task), tiledMatmul(task, "packed")];
}

/** The kernels of the sum of a batch's products: C is one matrix, where each tile adds up product after product. */
export function summedMatmul(shape: MatmulShape, inputs: readonly [a: number, b: number]): readonly Kernel[] {
  const task: MatmulTask = { shape, swapped: false, summed: true, inputs, epilogue: null, name: `${nameOf(shape)} summed` };
  return [packPanels(task), tiledMatmul(task, "packed")];
}

/** One product to emit: a `swapped` one computes the transpose, whose only row is the caller's only column. */
export interface MatmulTask {
  readonly shape: MatmulShape;
  readonly swapped: boolean;
  /** The products of the batch are added up. */
  readonly summed: boolean;
  /** Which buffers are the task's A and B. */
  readonly inputs: readonly [number, number];
  readonly epilogue: Epilogue | null;
  readonly name: string;
}

/** The addresses of the task's A and B. */
export function operands({ inputs }: MatmulTask, buffers: KernelArguments["buffers"]): readonly [Local<"i32">, Local<"i32">] {
  return [at(buffers, inputs[0]), at(buffers, inputs[1])];
}

function swap({ batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB }: MatmulShape): MatmulShape {
  return { batch, m: n, n: m, k, transposeA: !transposeB, transposeB: !transposeA, batchStrideA: batchStrideB, batchStrideB: batchStrideA };
}

function nameOf({ batch, m, n, k, transposeA, transposeB }: MatmulShape): string {
  return `matmul ${batch === 1 ? "" : `${batch}x`}${m}x${n}x${k} ${transposeA ? "t" : "n"}${transposeB ? "t" : "n"}`;
}

/** What distinguishes the code of one product from another's. */
export function matmulKey({ shape, swapped, summed, inputs, epilogue }: MatmulTask): string {
  const { batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB } = shape;
  return `${[batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB, swapped, summed, ...inputs].join()},${epilogue?.key ?? ""}`;
}
