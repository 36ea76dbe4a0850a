import { ArgumentError, type HostData } from "@gradus/tensor";
import type { Metric, Scores } from "./metric.ts";

/** Each metric's sums so far, by name: what an unfinished epoch keeps. */
export type Sums = Readonly<Record<string, readonly number[]>>;

/** Adds up the sums of several metrics at once. */
export class Tally {
  readonly metrics: readonly Metric[];
  #sums: Map<string, readonly number[]>;

  /** Starts from nothing, or from what an earlier tally of the same metrics held. */
  constructor(metrics: readonly Metric[], from: Sums = {}) {
    this.metrics = metrics;
    this.#sums = new Map(metrics.map((metric) => [metric.name, Object.hasOwn(from, metric.name) ? (from[metric.name] ?? []) : metric.init()]));
  }

  /** Adds a batch: for each metric, the values its `update` asked for. */
  add(batch: readonly (readonly HostData[])[]): void {
    this.metrics.forEach((metric, i) => {
      const values = (batch[i] ?? []).flatMap((data) => [...data]);
      this.#sums.set(metric.name, metric.merge(this.#sums.get(metric.name) ?? metric.init(), values));
    });
  }

  sums(): Sums {
    return Object.fromEntries(this.#sums);
  }

  scores(): Scores {
    const values = this.metrics.map((metric) => [metric.name, metric.compute(this.#sums.get(metric.name) ?? metric.init())] as const);
    return { loss: Number.NaN, ...Object.fromEntries(values) };
  }
}

/** Refuses names that repeat or are no plain words. */
export function checkMetrics(metrics: readonly Metric[]): void {
  const seen = new Set<string>();
  for (const { name } of metrics) {
    if (!isMetricName(name)) throw new ArgumentError("metric/name", `a metric's name is letters and digits, beginning with a letter, not ${JSON.stringify(name)}`);
    if (seen.has(name)) throw new ArgumentError("metric/twice", `two metrics are called ${name}`);
    seen.add(name);
  }
}

export function isMetricName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(name);
}
