import type { HostSpan } from "./observe.ts";
import type { RunTime } from "../plan.ts";
import type { Interval } from "./intervals.ts";
import { stepCost } from "./step-cost.ts";

/** One event of Google's "Trace Event Format": times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /** Complete, the begin and the end of one that may overlap others, or metadata. */
  readonly ph: "X" | "b" | "e" | "M";
  readonly pid: 1;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

const threads = { host: 1, kernels: 2 } as const;

/** Kernels on one track, planning and launching on another, and preparing and waiting, which may overlap, each on its own. */
export function traceJson(backend: string, within: Interval, runs: readonly RunTime[], spans: readonly HostSpan[]): string {
  const clock = runs[0]?.clock ?? "none";
  const at = (time: number): number => (time - within.start) * 1000;
  const ahead = aheadOfHost(runs);
  const events: TraceEvent[] = [
    named("process_name", threads.host, `gradus on ${backend}`),
    named("thread_name", threads.host, "host"),
    named("thread_name", threads.kernels, `kernels (${clock})`),
    ...spans.flatMap((span, id) => spanEvents(span, id, at)),
    ...runs.flatMap((run) => kernelEvents(run, (time) => at(time - ahead))),
  ];
  return JSON.stringify({ traceEvents: events, displayTimeUnit: "ms", otherData: { backend, clock } });
}

/**
 * How far the kernels' clock is ahead of the host's. A device's begins anywhere: it is set so that no run begins
 * before it was launched, and one begins right then.
 */
function aheadOfHost(runs: readonly RunTime[]): number {
  let ahead = Infinity;
  for (const { clock, begun, kernels } of runs) {
    const [first] = kernels;
    if (clock === "device timestamps" && first !== undefined) ahead = Math.min(ahead, first.start - begun);
  }
  return Number.isFinite(ahead) ? ahead : 0;
}

function kernelEvents({ plan, kernels }: RunTime, at: (time: number) => number): TraceEvent[] {
  return kernels.map(({ step, name, pieces, start, milliseconds }) => {
    const planned = plan.steps[step];
    const { flops, bytes } = planned === undefined ? { flops: 0, bytes: 0 } : stepCost(planned, plan.buffers);
    const args = { plan: plan.name, step, op: planned?.label ?? "", pieces, stepFlops: flops, stepBytes: bytes };
    return { name, cat: "kernel", ph: "X", pid: 1, tid: threads.kernels, ts: at(start), dur: milliseconds * 1000, args };
  });
}

function spanEvents({ kind, plan, start, end }: HostSpan, id: number, at: (time: number) => number): TraceEvent[] {
  const event = { name: kind, cat: "host", pid: 1, tid: threads.host, args: { plan } } as const;
  if (kind === "planning" || kind === "launching") return [{ ...event, ph: "X", ts: at(start), dur: (end - start) * 1000 }];
  return [
    { ...event, ph: "b", id, ts: at(start) },
    { ...event, ph: "e", id, ts: at(end) },
  ];
}

function named(what: string, tid: number, name: string): TraceEvent {
  return { name: what, cat: "__metadata", ph: "M", pid: 1, tid, ts: 0, args: { name } };
}
