import type { RunTime } from "../plan.ts";
import { type StepCost, stepCost } from "./step-cost.ts";

/** One step of a plan over all its runs: usually one kernel, sometimes several that follow each other. Costs are of one call. */
export interface StepTime extends StepCost {
  /** The plan's name. */
  readonly plan: string;
  /** Its position in the plan. */
  readonly step: number;
  /** The ops it computes: "matmul", "add". */
  readonly label: string;
  readonly calls: number;
  /** Of all calls. */
  readonly milliseconds: number;
  /** Milliseconds of a call. */
  readonly mean: number;
  /** Milliseconds of the middle call: where the mean is much larger, some calls were interrupted. */
  readonly median: number;
  /** GFLOP/s of the middle call, or on average where the clock's steps are too coarse for a call; null where it saw no time pass. */
  readonly gigaflops: number | null;
  /** GB/s, likewise. */
  readonly gigabytes: number | null;
  readonly kernels: readonly KernelShare[];
}

/** One of a step's kernels. */
export interface KernelShare {
  readonly name: string;
  /** Tiles for threads, or workgroups. */
  readonly pieces: number;
  readonly milliseconds: number;
}

/** Sums runs by step, the longest step first. */
export function stepTimes(runs: readonly RunTime[]): StepTime[] {
  const byPlan = new Map<string, RunTime[]>();
  for (const run of runs) {
    const known = byPlan.get(run.plan.name);
    if (known === undefined) byPlan.set(run.plan.name, [run]);
    else known.push(run);
  }
  return [...byPlan.values()].flatMap(stepsOf).sort((a, b) => b.milliseconds - a.milliseconds);
}

/** A median is told from a mean if it is at least so many steps of the clock. */
const fineSteps = 16;

/** The steps of one plan, whose runs have the same kernels. */
function stepsOf(runs: readonly RunTime[]): StepTime[] {
  const [first] = runs;
  if (first === undefined) return [];
  const { plan, kernels, tick = 0 } = first;
  return plan.steps.flatMap((step, position): StepTime[] => {
    const own = kernels.flatMap((kernel, index) => (kernel.step === position ? [{ kernel, times: timesOf(runs, index) }] : []));
    if (own.length === 0) return [];
    const calls = runs.map((_, run) => own.reduce((sum, { times }) => sum + (times[run] ?? 0), 0));
    const milliseconds = sumOf(calls);
    const mean = milliseconds / calls.length;
    const median = medianOf(calls);
    const typical = median > 0 && median >= fineSteps * tick ? median : mean;
    const { flops, bytes } = stepCost(step, plan.buffers);
    return [
      {
        plan: plan.name,
        step: position,
        label: step.label,
        calls: calls.length,
        milliseconds,
        mean,
        median,
        flops,
        bytes,
        gigaflops: typical === 0 ? null : flops / typical / 1e6,
        gigabytes: typical === 0 ? null : bytes / typical / 1e6,
        kernels: own.map(({ kernel: { name, pieces }, times }) => ({ name, pieces, milliseconds: sumOf(times) })),
      },
    ];
  });
}

/** What one kernel took in each run. */
function timesOf(runs: readonly RunTime[], index: number): number[] {
  return runs.map(({ kernels }) => kernels[index]?.milliseconds ?? 0);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}
