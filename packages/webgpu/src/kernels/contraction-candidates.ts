import type { Epilogue } from "@gradus/compile";
import type { CallBuffers, Candidate, KernelDevice } from "../kernel-table.ts";
import { plainContraction } from "./contraction-plain.ts";
import { sharedContraction } from "./contraction-shared.ts";
import { tiledContraction } from "./contraction-tiled.ts";
import { type Contraction, sizesOf } from "./contraction.ts";
import type { Ending } from "./finish.ts";
import type { Kernels, Operand } from "./kernel.ts";
import { blockOf, type Tile, tileBytes, tileName } from "./tile.ts";

type Make = (operands: readonly [Operand, Operand]) => Contraction;

/** Every way to compute a contraction that the device has room for, the one that its shape suggests first. */
export function contractionCandidates(make: Make, epilogue: Epilogue | null, device: KernelDevice): readonly [Candidate, ...Candidate[]] {
  const candidate = (name: string, kernels: (contraction: Contraction, ending: Ending) => Kernels): Candidate => ({
    name,
    kernels: ({ reads: [left = 0, right = 0], write }: CallBuffers) => kernels(make([input(left), input(right)]), { epilogue, write }),
  });
  const sample = make([input(0), input(1)]);
  const { rows, columns, inner } = sizesOf(sample);
  const elements = sample.batch * rows * columns;
  const plain = candidate("plain", (each, ending) => plainContraction(each, ending, plainParts(each)));
  const shared = candidate("shared", sharedContraction);
  const simple: readonly Candidate[] = inner >= sharedFrom && elements <= mostShared ? [plain, shared] : [plain];
  if (rows < 8 || columns < 8 || inner < 8) return inDefaultOrder(plain, simple);
  const fitting = tiles.filter((tile) => tile.down * tile.across <= device.workgroupSize && tileBytes(tile) <= device.workgroupBytes);
  const tiled = fitting
    .filter((tile) => wasted(sample, tile) <= 4)
    .flatMap((tile) => {
      const parts = tiledParts(sample, tile);
      const whole = candidate(tileName(tile), (each, ending) => tiledContraction(each, ending, tile));
      if (parts === 1) return [{ tile, parts: 1, candidate: whole }];
      const split = candidate(`${tileName(tile)} in parts`, (each, ending) => tiledContraction(each, ending, tile, parts));
      return [
        { tile, parts, candidate: split },
        { tile, parts: 1, candidate: whole },
      ];
    });
  const all = [...simple, ...tiled.map((each) => each.candidate)];
  if (device.software || rows * columns < 4096) return inDefaultOrder(plain, all);
  // The largest tile that keeps the device busy, or else the one that comes closest.
  const suited = tiled.find(({ tile }) => blocks(sample, tile) >= busy.workgroups) ?? tiled.at(-1);
  return inDefaultOrder(suited?.candidate ?? plain, all);
}

/** From large to small; of each size first what is quickest for most. */
export const tiles: readonly Tile[] = [
  { rows: 8, columns: 8, down: 16, across: 16, depth: 16, ahead: false },
  { rows: 8, columns: 8, down: 16, across: 16, depth: 16, ahead: true },
  { rows: 8, columns: 8, down: 16, across: 16, depth: 8, ahead: true },
  { rows: 8, columns: 8, down: 16, across: 8, depth: 16, ahead: false },
  { rows: 8, columns: 4, down: 16, across: 16, depth: 16, ahead: false },
  { rows: 8, columns: 8, down: 8, across: 8, depth: 16, ahead: false },
  { rows: 8, columns: 4, down: 8, across: 16, depth: 16, ahead: false },
  { rows: 4, columns: 4, down: 16, across: 16, depth: 16, ahead: false },
  { rows: 4, columns: 4, down: 8, across: 8, depth: 16, ahead: false },
];

/** Workgroups, and invocations, that keep a device busy. */
const busy = { invocations: 16_384, workgroups: 128 } as const;
/** Products that a part of a split sum holds, at least. */
const leastPart = 128;
/** Inner positions from which a workgroup may share one element, and the most elements for which it may. */
const sharedFrom = 256;
const mostShared = 65_536;

function plainParts(contraction: Contraction): number {
  const { batch, inner } = contraction;
  const sizes = sizesOf(contraction);
  const elements = batch * sizes.rows * sizes.columns;
  const [first = 1] = inner;
  return Math.max(1, Math.min(Math.ceil(busy.invocations / elements), Math.floor(sizes.inner / leastPart), first));
}

function tiledParts(contraction: Contraction, tile: Tile): number {
  const { inner } = sizesOf(contraction);
  const parts = Math.min(Math.ceil(busy.workgroups / blocks(contraction, tile)), Math.floor(inner / (2 * leastPart)));
  return Math.max(1, parts);
}

function blocks(contraction: Contraction, tile: Tile): number {
  const { rows, columns } = sizesOf(contraction);
  const block = blockOf(tile);
  return contraction.batch * Math.ceil(rows / block.rows) * Math.ceil(columns / block.columns);
}

/** How many times the elements there are a tile computes. */
function wasted(contraction: Contraction, tile: Tile): number {
  const { rows, columns } = sizesOf(contraction);
  const block = blockOf(tile);
  return (blocks(contraction, tile) * block.rows * block.columns) / (contraction.batch * rows * columns);
}

function inDefaultOrder(first: Candidate, all: readonly Candidate[]): readonly [Candidate, ...Candidate[]] {
  return [first, ...all.filter((each) => each !== first)];
}

function input(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
