import type { Epilogue } from "@gradus/compile";
import type { Aval } from "@gradus/tensor";
import type { CallBuffers, Candidate, KernelDevice } from "../kernel-table.ts";
import { plainContraction } from "./contraction-plain.ts";
import { sharedContraction } from "./contraction-shared.ts";
import { subgroupContraction, subgroupTileName } from "./contraction-subgroups.ts";
import { tiledContraction } from "./contraction-tiled.ts";
import { type Contraction, sizesOf } from "./contraction.ts";
import type { Ending } from "./finish.ts";
import type { Kernels, Operand } from "./kernel.ts";
import { blockOf, type Tile, tileBytes, tileName } from "./tile.ts";

type Make = (operands: readonly [Operand, Operand]) => Contraction;

/** A library call, as far as its contraction is made by its factors' dtypes. */
interface Call {
  readonly x: Readonly<Record<string, Aval>>;
}

/**
 * Every way to compute a contraction that the device has room for, the one that its shape suggests first: never one in subgroups or
 * in tiles of halves, which gain on some devices and lose on others.
 */
export function contractionCandidates(
  call: Call,
  make: Make,
  epilogue: Epilogue | null,
  device: KernelDevice,
): readonly [Candidate, ...Candidate[]] {
  const candidate = (name: string, kernels: (contraction: Contraction, ending: Ending) => Kernels): Candidate => ({
    name,
    kernels: ({ reads: [left = 0, right = 0], write }: CallBuffers) => kernels(make([input(left), input(right)]), { epilogue, write }),
  });
  const sample = make([input(0), input(1)]);
  const { rows, columns, inner } = sizesOf(sample);
  const elements = sample.batch * rows * columns;
  const plain = candidate("plain", (each, ending) => plainContraction(each, ending, plainParts(each)));
  const shared = candidate("shared", (each, ending) => sharedContraction(each, ending, false));
  const sharedInSubgroups = candidate("shared in subgroups", (each, ending) => sharedContraction(each, ending, true));
  const inSubgroups = device.subgroupSize > 1;
  const simple: readonly Candidate[] =
    inner >= sharedFrom && elements <= mostShared ? [plain, shared, ...(inSubgroups ? [sharedInSubgroups] : [])] : [plain];
  // Neighbours that share an element read neighbours only where both factors run along the inner axes.
  const mayShare = !device.software && simple.includes(shared) && elements < busy.invocations;
  const runsInward = [sample.left("0"), sample.right("0")].every(({ along }) => along === "inner");
  const simplest = mayShare && runsInward ? shared : plain;
  if (rows < 8 || columns < 8 || inner < 8) return inDefaultOrder(simplest, simple);
  const wholeAndInParts = (
    tile: Tile,
    name: string,
    kernels: (...of: Parameters<typeof tiledContraction>) => Kernels,
  ): readonly Tiled[] => {
    const parts = tiledParts(sample, tile);
    const whole = candidate(name, (each, ending) => kernels(each, ending, tile));
    if (parts === 1) return [{ tile, parts: 1, candidate: whole }];
    const split = candidate(`${name} in parts`, (each, ending) => kernels(each, ending, tile, parts));
    return [
      { tile, parts, candidate: split },
      { tile, parts: 1, candidate: whole },
    ];
  };
  const inHalves = device.f16 && Object.values(call.x).every(({ dtype }) => dtype === "float16");
  const suits = (tile: Tile): boolean => tile.down * tile.across <= device.workgroupSize && wasted(sample, tile) <= 4;
  const fitting = [...tiles, ...(inHalves ? tilesOfHalves : [])].filter((tile) => suits(tile) && fits(tile, device));
  const tiled = fitting.flatMap((tile) => wholeAndInParts(tile, tileName(tile), tiledContraction));
  // Neighbours of a subgroup read neighbours only where the right factor runs along its columns.
  const exchanging = inSubgroups && sample.right("0").along === "outer" ? subgroupTiles(device.subgroupSize).filter(suits) : [];
  const exchanged = exchanging.flatMap((tile) => wholeAndInParts(tile, subgroupTileName(tile), subgroupContraction));
  const products = elements * inner;
  const inTiles = [...tiled, ...exchanged].map((each) => each.candidate);
  const all = products > mostUntiled && inTiles.length > 0 && !device.software ? inTiles : [...simple, ...inTiles];
  if (device.software || rows * columns < 4096) return inDefaultOrder(simplest, all);
  const [suited] = tiled.filter(({ tile }) => !tile.halves).toSorted((a, b) => promise(sample, b) - promise(sample, a));
  return inDefaultOrder(suited?.candidate ?? plain, all);
}

/** A tile, and into how many parts the sums are cut. */
interface TiledWay {
  readonly tile: Tile;
  readonly parts: number;
}

interface Tiled extends TiledWay {
  readonly candidate: Candidate;
}

/**
 * What share of a device's speed a tile may reach: as much of it as its workgroups keep busy, less what it computes beyond the
 * edges, and less where an invocation reads much for what it multiplies. Parts cost another pass over the output.
 */
function promise(contraction: Contraction, { tile, parts }: TiledWay): number {
  const invocations = blocks(contraction, tile) * parts * tile.down * tile.across;
  const products = (tile.rows * tile.columns) / (tile.rows + tile.columns);
  return (Math.min(1, invocations / busy.inTiles) * Math.min(1, products / 4) * (parts === 1 ? 1 : 0.9)) / wasted(contraction, tile);
}

/**
 * The tile that promises most for a contraction, and in how many parts; null where the device has room for none. On a software device
 * the smallest, as it takes seconds to compile a larger one.
 */
export function suitedTile(contraction: Contraction, device: KernelDevice): TiledWay | null {
  const fitting = tiles.filter((tile) => fits(tile, device));
  const ways = (device.software ? fitting.slice(-1) : fitting).flatMap((tile) =>
    [...new Set([tiledParts(contraction, tile), 1])].map((parts) => ({ tile, parts })),
  );
  return ways.toSorted((a, b) => promise(contraction, b) - promise(contraction, a))[0] ?? null;
}

function fits(tile: Tile, { workgroupSize, workgroupBytes }: KernelDevice): boolean {
  return tile.down * tile.across <= workgroupSize && tileBytes(tile) <= workgroupBytes;
}

/** From large to small; of each size first what is quickest for most. */
export const tiles: readonly Tile[] = (
  [
    { rows: 8, columns: 8, down: 16, across: 16, depth: 16, ahead: false },
    { rows: 8, columns: 8, down: 16, across: 16, depth: 16, ahead: true },
    { rows: 8, columns: 8, down: 16, across: 16, depth: 8, ahead: true },
    { rows: 8, columns: 8, down: 16, across: 8, depth: 16, ahead: false },
    { rows: 8, columns: 8, down: 8, across: 16, depth: 16, ahead: false },
    { rows: 8, columns: 4, down: 16, across: 16, depth: 16, ahead: false },
    { rows: 8, columns: 8, down: 8, across: 8, depth: 16, ahead: false },
    { rows: 8, columns: 4, down: 8, across: 16, depth: 16, ahead: false },
    { rows: 4, columns: 4, down: 16, across: 16, depth: 16, ahead: false },
    { rows: 4, columns: 4, down: 8, across: 8, depth: 16, ahead: false },
  ] as const
).map((tile) => ({ ...tile, halves: false }));

/** The tiles that wait for workgroup memory longest, in halves: for as much memory, twice as deep. */
export const tilesOfHalves: readonly Tile[] = [
  { rows: 8, columns: 8, down: 16, across: 16, depth: 16, ahead: false, halves: true },
  { rows: 8, columns: 8, down: 16, across: 16, depth: 32, ahead: false, halves: true },
  { rows: 8, columns: 8, down: 8, across: 8, depth: 32, ahead: false, halves: true },
];

/** As wide as a subgroup or wider, so that one has its rows in common; four inner positions are read together. */
export function subgroupTiles(subgroupSize: number): readonly Tile[] {
  const across = Math.max(16, subgroupSize);
  return [8, 4].map((rows) => ({ rows, columns: 4, down: 256 / across, across, depth: 4, ahead: false, halves: false }));
}

/** Invocations that keep a device busy: each by itself, and each with a block of its own in registers. */
const busy = { invocations: 65_536, inTiles: 32_768 } as const;
/** Products that a part of a split sum holds, at least: of an invocation, and of a workgroup. */
const leastPart = { plain: 64, tiled: 256 } as const;
/** Products beyond which nothing but tiles is tried: what takes seconds may be taken for a device that hangs. */
const mostUntiled = 2 ** 34;
/** Parts of a sum in tiles, at most: each takes as much of the workspace as the output. */
const mostParts = 64;
/** Inner positions from which a workgroup may share one element, and the most elements for which it may. */
const sharedFrom = 256;
const mostShared = 65_536;

function plainParts(contraction: Contraction): number {
  const { batch, inner } = contraction;
  const sizes = sizesOf(contraction);
  const elements = batch * sizes.rows * sizes.columns;
  const [first = 1] = inner;
  return Math.max(1, Math.min(Math.ceil(busy.invocations / elements), Math.floor(sizes.inner / leastPart.plain), first));
}

function tiledParts(contraction: Contraction, tile: Tile): number {
  const { inner } = sizesOf(contraction);
  const invocations = blocks(contraction, tile) * tile.down * tile.across;
  return Math.max(1, Math.min(Math.ceil(busy.inTiles / invocations), Math.floor(inner / leastPart.tiled), mostParts));
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
