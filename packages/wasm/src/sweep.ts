import type { LoopStep, Plan, Sweep } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import type { Kernel } from "./kernels/kernel.ts";
import { loopKernels } from "./loop/kernel.ts";
import type { RowBlocks } from "./loop/row-blocks.ts";
import { type LoopContext, workOf } from "./loop/shape.ts";
import { phasesOf, type Placed, type Unit } from "./phases.ts";

/**
 * What a tile's rows touch together, about. The first-level cache would hold more, but reading and writing memory in turns is
 * fastest in short ones: the next rows arrive, and the last ones leave, while others are computed.
 */
const blockBytes = 8 << 10;

/** A step's kernel as part of a sweep: tile t of each of its kernels is the same rows. */
export interface SweptKernel {
  readonly kernel: Kernel;
  /** The sweep's number. */
  readonly sweep: number;
}

/**
 * The kernels of the steps that are swept, by step. A sweep is not among them if one of its reductions is computed in parts:
 * its steps then run one after the other.
 */
export function sweptKernels(plan: Plan, context: LoopContext): ReadonlyMap<number, SweptKernel> {
  return new Map(
    plan.sweeps.flatMap((each, sweep) =>
      kernelsOf(plan, each, context).map((kernel, i): [number, SweptKernel] => [each.first + i, { kernel, sweep }]),
    ),
  );
}

function kernelsOf(plan: Plan, { first, count, rows }: Sweep, context: LoopContext): readonly Kernel[] {
  const steps = plan.steps.slice(first, first + count).filter((step) => step.kind === "loop");
  const work = steps.reduce((sum, step) => sum + (workOf(step) * sizeOf(step.extents)) / rows, 0);
  const inBlock = Math.max(1, Math.round(blockBytes / rowBytes(plan, steps, rows)));
  const most = Math.min(rows, inBlock, Math.ceil(context.tileWork / work));
  // As many tiles as that makes, and all about as large.
  const tiles = Math.ceil(rows / most);
  const blocks: RowBlocks = { rows, perTile: Math.ceil(rows / tiles) };
  const kernels = steps.map((step) => loopKernels(step, context, blocks));
  return kernels.every(({ length }) => length === 1) ? kernels.flat() : [];
}

/** Bytes that belong to one row in all the memory that steps touch. */
function rowBytes({ buffers }: Plan, steps: readonly LoopStep[], rows: number): number {
  const shares = new Map<string, number>();
  for (const id of steps.flatMap(({ reads, writes }) => [...reads, ...writes.map(({ buffer }) => buffer)])) {
    const { place, bytes = 0, shape = [] } = buffers[id] ?? {};
    // Values that take over each other's place are there once.
    const key = place?.kind === "arena" ? `${place.offset}` : `slot ${place?.slot}`;
    if (sizeOf(shape) % rows === 0) shares.set(key, Math.max(shares.get(key) ?? 0, bytes / rows));
  }
  return [...shares.values()].reduce((sum, share) => sum + share, 1);
}

/** As `phasesOf`, of launches some of which are one sweep: they are claimed together, tile by tile. */
export function phasesInSweeps(launches: readonly (Placed & { readonly sweep: number | null })[]): readonly (readonly Unit[])[] {
  const units: [number, ...number[]][] = [];
  launches.forEach(({ sweep }, number) => {
    const last = units.at(-1);
    if (last !== undefined && sweep !== null && launches[last[0]]?.sweep === sweep) last.push(number);
    else units.push([number]);
  });
  const placed = units.map((unit): Placed => {
    const own = unit.flatMap((number) => launches[number] ?? []);
    return {
      tiles: own[0]?.tiles ?? 0,
      work: own.reduce((sum, { work }) => sum + work, 0),
      spans: own.flatMap(({ spans }) => spans),
    };
  });
  return phasesOf(placed).map((phase) =>
    phase.map(([first, ...rest]): Unit => [...(units[first] ?? [first]), ...rest.flatMap((unit) => units[unit] ?? [])]),
  );
}
