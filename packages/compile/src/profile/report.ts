import type { HostSpan } from "./observe.ts";
import type { RunTime, TimingClock } from "../plan.ts";
import { covered, type Interval } from "./intervals.ts";
import { type StepTime, stepTimes } from "./step-times.ts";
import { profileTable } from "./table.ts";
import { traceJson } from "./trace.ts";

/** Where the host's time went, in milliseconds. Waiting and preparing may lie over each other and over the rest. */
export interface HostTime {
  /** Programs became plans: only those never run before. */
  readonly planning: number;
  /** The backend made code of plans, with clocks in it: of every plan once in a profile, and that is in its warm-ups if it has any. */
  readonly preparing: number;
  /** Runs were started: inputs copied, commands recorded and given; results copied where the backend computes at once. Without kernels. */
  readonly launching: number;
  /** Results of a device were on their way: it worked, and they were copied back. The host may have done other things meanwhile. */
  readonly waiting: number;
  /** None of these, nor kernels: recording graphs, loading data, writing state cells, `fn`'s own code. */
  readonly other: number;
}

/** All kernels of all runs. */
export interface KernelTotals {
  readonly runs: number;
  readonly milliseconds: number;
  readonly flops: number;
  readonly bytes: number;
}

/** What `profile` found. */
export class ProfileReport {
  readonly backend: string;
  /** Who told kernels' times; null if none ran. */
  readonly clock: TimingClock | null;
  /** The step in which the device's clock advances, in milliseconds, as far as it shows: browsers round it. Null where nothing is known. */
  readonly tick: number | null;
  /** From the call of `fn` until all it launched was done. */
  readonly milliseconds: number;
  /** Every step that ran, the longest in sum first. */
  readonly steps: readonly StepTime[];
  readonly kernels: KernelTotals;
  readonly host: HostTime;
  readonly #within: Interval;
  readonly #runs: readonly RunTime[];
  readonly #spans: readonly HostSpan[];

  constructor(backend: string, within: Interval, runs: readonly RunTime[], spans: readonly HostSpan[]) {
    this.backend = backend;
    this.#within = within;
    this.#runs = runs;
    this.#spans = spans;
    this.clock = runs[0]?.clock ?? null;
    const ticks = runs.flatMap(({ tick }) => tick ?? []);
    this.tick = ticks.length === 0 ? null : Math.min(...ticks);
    this.milliseconds = within.end - within.start;
    this.steps = stepTimes(runs);
    const sum = (value: (step: StepTime) => number): number => this.steps.reduce((total, step) => total + value(step), 0);
    this.kernels = {
      runs: runs.reduce((count, { kernels }) => count + kernels.length, 0),
      milliseconds: sum(({ milliseconds }) => milliseconds),
      flops: sum(({ flops, calls }) => flops * calls),
      bytes: sum(({ bytes, calls }) => bytes * calls),
    };
    this.host = hostTime(within, spans, this.clock === "host, kernel by kernel" ? this.kernels.milliseconds : 0);
  }

  /** The steps as aligned text, the longest first, and below them what lies outside kernels. */
  table(): string {
    return profileTable(this);
  }

  /** Every kernel and every span of the host as a Chrome trace, to be saved as a `.json` file and opened in Perfetto or chrome://tracing. */
  trace(): string {
    return traceJson(this.backend, this.#within, this.#runs, this.#spans);
  }
}

/** `inside` is the time of kernels that ran while the host launched them. */
function hostTime(within: Interval, spans: readonly HostSpan[], inside: number): HostTime {
  const of = (kind: HostSpan["kind"]): number =>
    covered(
      spans.filter((span) => span.kind === kind),
      within,
    );
  return {
    planning: of("planning"),
    preparing: of("preparing"),
    launching: Math.max(0, of("launching") - inside),
    waiting: of("waiting"),
    other: Math.max(0, within.end - within.start - covered(spans, within)),
  };
}
