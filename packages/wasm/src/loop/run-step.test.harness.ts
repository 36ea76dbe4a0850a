import type { LoopStep, Plan, PlanBuffer } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { type HostData, hostArray, sizeOf } from "@gradus/tensor";
import type { Level } from "../kernels/kernel.ts";
import { counterWords, programModule } from "../program.ts";
import { loopKernels, usualTileWork } from "./kernel.ts";
import { exportedFunction, ModuleBuilder } from "../asm/index.ts";
import { MathFunctions } from "./math.ts";
import type { RowBlocks } from "./row-blocks.ts";

const pageBytes = 65_536;
const canary = 0xa5;
/** Steps are drawn from leaves that are single instructions, so no functions have to stand in the module. */
const noMath = new MathFunctions(new ModuleBuilder(), "scalar", []);

export interface StepRun {
  readonly level: Level;
  /** Which of the reads and writes ends where the memory ends. */
  readonly last: number;
  readonly tileWork?: number;
  /** Whole rows for tiles, as in a sweep. */
  readonly blocks?: RowBlocks | null;
}

/** A loop step, the buffers it names, and what its reads hold. */
export interface StepCase {
  readonly step: LoopStep;
  readonly buffers: readonly PlanBuffer[];
  readonly inputs: readonly HostData[];
}

/**
 * Runs a step in a memory of its own: buffers lie end to end against the end of memory, so that a vector access beyond
 * the last one traps, and everything else is canaries.
 *
 * @throws RangeError if a byte outside the written buffers changed, or blocks of rows are not what tiles are.
 */
export function runStep(
  { step, buffers, inputs }: StepCase,
  { level, last, tileWork = usualTileWork, blocks = null }: StepRun,
): HostData[] {
  const kernels = loopKernels(step, { buffers, tileWork, math: () => noMath }, blocks);
  const [only, ...more] = kernels;
  if (blocks !== null && more.length === 0 && only?.tiles !== Math.ceil(blocks.rows / blocks.perTile))
    throw new RangeError(`${only?.tiles} tiles are not ${blocks.rows} rows by ${blocks.perTile}`);
  const ids = [...step.reads, ...step.writes.map(({ buffer }) => buffer)];
  const bytes = ids.map((id) => buffers[id]?.bytes ?? 0);
  const workspaceBytes = Math.max(0, ...kernels.map((kernel) => kernel.workspaceBytes));
  const workspace = Math.ceil((1024 + 4 * ids.length) / 64) * 64;
  const scratch = workspace + Math.ceil(workspaceBytes / 64) * 64;
  const scratchBytes = Math.max(0, ...kernels.map((kernel) => kernel.scratchBytes));
  const head = scratch + scratchBytes;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes.reduce((a, b) => a + b + 8, head) / pageBytes), maximum: 65_536 });
  const bytesOf = new Uint8Array(memory.buffer).fill(canary);
  const addresses = placeBackwards(bytes, last, memory.buffer.byteLength);
  const words = new Int32Array(memory.buffer);
  const launches = kernels
    .filter(({ tiles }) => tiles > 0)
    .map((kernel) => ({ kernel, addresses: ids.map((_, slot) => ({ kind: "table", slot, offset: 0, steps: [] }) as const) }));
  const phases = launches.map((_, index) => [[index] as const]);
  words.fill(0, 0, counterWords.claims + kernels.length);
  words.set(addresses, 256);
  step.reads.forEach((_, i) => bytesOf.set(rawBytes(inputs[i]), addresses[i]));
  const before = bytesOf.slice();

  const module = new WebAssembly.Module(
    programModule({
      blocks: [{ kind: "phases", launches, first: 0, phases }],
      level,
      scratchBytes,
      shared: false,
      prepare: () => undefined,
      clocked: false,
    }),
  );
  const run = exportedFunction(new WebAssembly.Instance(module, { env: { memory } }), "run");
  run(0, 1, 1, 0, 1024, scratch, workspace, 0);

  const written = new Set<number>();
  const outputs = step.writes.map(({ buffer }, i) => {
    const at = addresses[step.reads.length + i] ?? 0;
    const { shape = [], dtype = "float32", bytes: length = 0 } = buffers[buffer] ?? {};
    const host = hostArray(dtype, sizeOf(shape));
    for (let k = 0; k < length; k++) written.add(at + k);
    rawBytes(host).set(bytesOf.subarray(at, at + length));
    return host;
  });
  for (let at = 64; at < bytesOf.length; at++) {
    const inWorkspace = at >= workspace && at < head;
    if (bytesOf[at] !== before[at] && !written.has(at) && !inWorkspace)
      throw new RangeError(`byte ${at} changed, and no buffer that is written lies there`);
  }
  return outputs;
}

/** The same step in float64. */
export function referenceStep({ step, buffers, inputs }: StepCase): readonly HostData[] {
  const plan: Plan = {
    name: "step",
    buffers,
    steps: [step],
    waves: [0],
    sweeps: [],
    inputs: step.reads,
    outputs: step.writes.map(({ buffer }) => buffer),
    bound: [],
    arenaBytes: 0,
  };
  const results = new ReferenceBackend().prepare(plan).run(inputs, []);
  if (results instanceof Promise) throw new RangeError("the reference answered later");
  return results;
}

/** Addresses with `last` flush with the end of memory and the others below it, on their elements' alignment only. */
function placeBackwards(bytes: readonly number[], last: number, end: number): number[] {
  const addresses = new Array<number>(bytes.length).fill(0);
  let top = end;
  for (const id of [last % bytes.length, ...bytes.keys()]) {
    if (addresses[id] !== 0) continue;
    top = Math.floor((top - (bytes[id] ?? 0)) / 4) * 4;
    addresses[id] = top;
  }
  const flush = last % bytes.length;
  // A byte buffer need not start on a word; it still has to end where the memory does.
  addresses[flush] = end - (bytes[flush] ?? 0);
  return addresses;
}

function rawBytes(data: HostData | undefined): Uint8Array {
  return data === undefined ? new Uint8Array(0) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
