import { type Plan, readsOfStep, type Step, writesOfStep } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import type { LaunchTime } from "@gradus/wasm";
import { drawInputs, type PerfCase } from "@gradus/conformance/perf";
import { gradus } from "./libraries/gradus-wasm.ts";
import { statistics } from "./statistics.ts";
import { figure } from "./table.ts";

/** One kernel of a case's plans: medians over the runs it was seen in. */
export interface KernelTime {
  readonly kernel: string;
  readonly tiles: number;
  readonly milliseconds: number;
  /** Of its step, on the slowest kernel of the step alone: the others prepare what that one works on. */
  readonly speed: string;
}

export interface Profile {
  readonly runs: number;
  /** Median milliseconds of a whole call, the host's part included. */
  readonly call: number;
  readonly kernels: readonly KernelTime[];
}

/**
 * Runs a case on Gradus in this process and reads the clock after every kernel. That costs a call to the host each, some
 * tenths of a microsecond, so kernels that small look slower than they are.
 */
export async function profileCase(
  one: PerfCase,
  { threads, level, milliseconds }: { readonly threads: number; readonly level: string; readonly milliseconds: number },
): Promise<Profile> {
  const launches = new Map<string, Timed>();
  const library = await gradus(threads, level, (launch) => {
    const key = `${launch.plan.name} ${launch.index}`;
    const known = launches.get(key);
    if (known === undefined) launches.set(key, { launch, times: [launch.milliseconds] });
    else known.times.push(launch.milliseconds);
  });
  const prepared = await library.prepare(one, drawInputs(one));
  const run = async (forAtLeast: number): Promise<number[]> => {
    const calls: number[] = [];
    for (const start = performance.now(); performance.now() - start < forAtLeast || calls.length === 0;) {
      const before = performance.now();
      await prepared.run();
      calls.push(performance.now() - before);
    }
    return calls;
  };
  await run(milliseconds / 2);
  launches.clear();
  const calls = await run(milliseconds);
  await prepared.release();
  return { runs: calls.length, call: statistics(calls).median, kernels: kernelTimes([...launches.values()], calls.length) };
}

/** A line a kernel, in the order they run. */
export function profileTable({ runs, call, kernels }: Profile): string {
  const busy = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = [
    ["ms", "share", "tiles", "speed", "kernel"],
    ...kernels.map(({ kernel, tiles, milliseconds, speed }) => [
      milliseconds.toFixed(4),
      share(milliseconds / call),
      String(tiles),
      speed,
      kernel,
    ]),
    [Math.max(0, call - busy).toFixed(4), share(Math.max(0, call - busy) / call), "", "", "outside kernels"],
    [call.toFixed(4), "", "", "", `a call, median of ${runs}`],
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map((cells) => `  ${cells.map((cell, i) => (i < 4 ? cell.padStart(widths[i] ?? 0) : cell)).join("  ")}`).join("\n");
}

interface Timed {
  readonly launch: LaunchTime;
  readonly times: number[];
}

/** Kernels of plans that ran once a call; what ran once in a while (state cells being filled) is scaled to a call. */
function kernelTimes(launches: readonly Timed[], calls: number): KernelTime[] {
  const medians = launches.map(({ launch, times }) => ({
    launch,
    milliseconds: (statistics(times).median * times.length) / calls,
  }));
  return medians.map(({ launch, milliseconds }) => {
    const siblings = medians.filter((other) => other.launch.step === launch.step);
    const slowest = siblings.every((other) => other.milliseconds <= milliseconds);
    const whole = siblings.reduce((sum, other) => sum + other.milliseconds, 0);
    return { kernel: launch.kernel, tiles: launch.tiles, milliseconds, speed: slowest ? speedOf(launch.plan, launch.step, whole) : "" };
  });
}

function speedOf(plan: Plan, step: Step, milliseconds: number): string {
  const operations = operationsOf(step);
  if (operations !== null) return `${figure(operations / milliseconds / 1e6)} GFLOP/s`;
  const buffers = new Set([...readsOfStep(step), ...writesOfStep(step)]);
  const bytes = [...buffers].reduce((sum, id) => sum + (plan.buffers[id]?.bytes ?? 0), 0);
  return `${figure(bytes / milliseconds / 1e6)} GB/s`;
}

/** Multiplications and additions of a product or a convolution; null for other work, which memory bounds. */
function operationsOf(step: Step): number | null {
  if (step.kind === "loop") return null;
  switch (step.op) {
    case "matmul": {
      const { x, attrs, out } = step.call;
      const depth = x.a.shape.at(attrs.transposeA ? -2 : -1) ?? 1;
      return 2 * depth * sizeOf(out.shape);
    }
    case "conv2d":
      return convolutionOperations(step.call.out.shape, step.call.x.weight.shape);
    case "conv2dInputGrad":
      return convolutionOperations(step.call.x.ct.shape, step.call.x.weight.shape);
    case "conv2dWeightGrad":
      return convolutionOperations(step.call.x.ct.shape, step.call.attrs.weightShape);
    case "scatterAdd":
      return null;
  }
  step satisfies never;
  return null;
}

function convolutionOperations(out: readonly number[], [, ...kernel]: readonly number[]): number {
  return 2 * sizeOf(out) * sizeOf(kernel);
}

function share(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}
