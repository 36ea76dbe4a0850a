import type { LoopStep } from "@gradus/compile";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import { kernel, type Kernel } from "../kernels/kernel.ts";
import { emitAlongParallel } from "./along-parallel.ts";
import { emitAlongReduced } from "./along-reduced.ts";
import { foundOnce } from "./found-once.ts";
import { cutWhereRowsEnd, type RowBlocks } from "./row-blocks.ts";
import { scalarKey } from "./scalar-key.ts";
import { costOf, type LoopContext, LoopShape } from "./shape.ts";
import { emitStreamed, streamedScratch } from "./streamed.ts";
import { splitReduction } from "./split-reduction.ts";

/** Rough additions a tile should hold: some tens of microseconds, so that claiming tiles costs nothing beside them. */
export const usualTileWork = 60_000;
/**
 * A loop step as kernels that run one after the other: one, or for a long reduction its parts first.
 * Buffers of each: the step's reads, then its writes.
 *
 * Four lanes run along the last parallel axis, or, where elements lie side by side along the last reduced axis instead,
 * along that one; what is left over runs one lane at a time.
 *
 * @param blocks what tiles are in a sweep; a reduction in parts does not go by it.
 */
export function loopKernels(given: LoopStep, context: LoopContext, blocks: RowBlocks | null = null): readonly Kernel[] {
  const step = foundOnce(given);
  const shape = new LoopShape(step, context);
  const split = splitReduction(step, context.buffers, shape.tiles, costOf(step.terms.map(({ value }) => value)), context.tileWork);
  if (split === null && blocks !== null) {
    const cut = new LoopShape(cutWhereRowsEnd(step, blocks.rows), context, blocks);
    const key = `rows ${blocks.perTile} of ${blocks.rows}`;
    return [loopKernel(cut, context, step, (buffers) => buffers, { key })];
  }
  if (split === null) return [loopKernel(shape, context, step, (buffers) => buffers)];
  const within = { ...context, buffers: [...context.buffers, ...split.partial] };
  // Partial results lie one after the other in the workspace.
  let end = 0;
  const starts = split.partial.map(({ bytes }) => {
    const at = end;
    end = Math.ceil((at + bytes) / 64) * 64;
    return at;
  });
  const partialAt = (f: FunctionBuilder, workspace: Local<"i32">, row: number): Local<"i32">[] =>
    split.partial.map(({ bytes, shape: [rows = 1] }, i) =>
      f.local("i32", () => f.i32.add(workspace, (starts[i] ?? 0) + (bytes / rows) * row)),
    );
  const reads = step.reads.length;
  return [
    ...split.parts.map(({ step: part, from }) =>
      loopKernel(
        new LoopShape(part, within),
        within,
        step,
        (buffers, f, workspace) => [...buffers.slice(0, reads), ...partialAt(f, workspace, from)],
        { key: `part ${from}`, workspaceBytes: end },
      ),
    ),
    loopKernel(
      new LoopShape(split.last, within),
      within,
      step,
      (buffers, f, workspace) => [...buffers.slice(0, reads), ...partialAt(f, workspace, 0), ...buffers.slice(reads)],
      { key: "parts", workspaceBytes: end },
    ),
  ];
}

/** The kernel of one loop nest, within a step that may have several; `choose` gives the nest's buffers. */
function loopKernel(
  shape: LoopShape,
  context: LoopContext,
  whole: LoopStep,
  choose: (buffers: readonly Local<"i32">[], f: FunctionBuilder, workspace: Local<"i32">) => readonly Local<"i32">[],
  { key = "loop", workspaceBytes = 0 }: { readonly key?: string; readonly workspaceBytes?: number } = {},
): Kernel {
  const { step } = shape;
  return kernel({
    name: step.label,
    key: `${key} ${keyOf(step, context)}`,
    tiles: shape.tiles,
    scratchBytes: shape.along === "streamed" ? streamedScratch(shape) : 0,
    workspaceBytes,
    buffers: whole.reads.length + whole.writes.length,
    body: (f, level, given) => {
      const args = { ...given, buffers: choose(given.buffers, f, given.workspace) };
      emitters[shape.along](f, level, args, shape, context.math());
    },
  });
}

const emitters = { parallel: emitAlongParallel, reduced: emitAlongReduced, streamed: emitStreamed } as const;

function keyOf(step: LoopStep, { buffers }: LoopContext): string {
  const type = (id: number): string => buffers[id]?.dtype ?? "";
  const programs = [
    ...step.terms.map(({ combine, value }) => `${combine}:${scalarKey(value)}`),
    ...step.writes.map(({ value }) => scalarKey(value)),
  ];
  return `${step.extents.join()}|${step.reduce.join()}|${step.reads.map(type).join()}>${step.writes.map(({ buffer }) => type(buffer)).join()}|${programs.join("|")}`;
}
