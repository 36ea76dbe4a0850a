import { availableParallelism } from "node:os";
import type { BudgetReport } from "../report.ts";
import { measureBundle } from "./bundle-size.ts";
import { numbersFrom } from "./child.ts";
import { measureHostOverhead, measureLenetOverhead } from "./host-overhead.ts";
import { measureKernelLatency } from "./kernel-latency.ts";
import { measureOpTable } from "./op-table.ts";

/** A promise of the design, with the measurement that judges it. */
export interface Budget {
  readonly name: string;
  readonly limit: string;
  readonly measure: () => Promise<Pick<BudgetReport, "measured" | "holds">>;
}

let overhead: ReturnType<typeof measureHostOverhead> | null = null;

/** The risks of DESIGN.md's section 10, in its order. Medians are judged. */
export const budgets: readonly Budget[] = [
  {
    name: "host cost of a 2,000-node training step, uncompiled",
    limit: "1 ms",
    async measure() {
      const { nodes, uncompiled } = await (overhead ??= measureHostOverhead());
      return {
        measured: `${uncompiled.median.toFixed(2)} ms median, ${uncompiled.min.toFixed(2)} best (${nodes} nodes)`,
        holds: uncompiled.median <= 1,
      };
    },
  },
  {
    name: "host cost of the same step, compiled",
    limit: "0.1 ms",
    async measure() {
      const { compiled } = await (overhead ??= measureHostOverhead());
      return { measured: `${compiled.median.toFixed(3)} ms median, ${compiled.min.toFixed(3)} best`, holds: compiled.median <= 0.1 };
    },
  },
  {
    name: "host cost of a compiled training step of LeNet-5",
    limit: "0.2 ms",
    async measure() {
      const { median, min } = await measureLenetOverhead();
      return { measured: `${median.toFixed(3)} ms median, ${min.toFixed(3)} best`, holds: median <= 0.2 };
    },
  },
  {
    name: "added latency of a kernel in a plan on 2 threads",
    limit: "20 µs",
    async measure() {
      if (availableParallelism() < 2) return { measured: "not measured: one core", holds: null };
      const [one, two] = [await measureKernelLatency(1), await measureKernelLatency(2)];
      const added = two.median - one.median;
      return {
        measured: `${added.toFixed(2)} µs median (${one.median.toFixed(2)} on 1 thread, ${two.median.toFixed(2)} on 2)`,
        holds: added <= 20,
      };
    },
  },
  {
    name: "first training step of LeNet-5, cold",
    limit: "1 s",
    async measure() {
      const { first = 0, process = 0 } = numbersFrom("cold-start.ts", ["lenet5"]);
      return {
        measured: `${first.toFixed(2)} s; ${process.toFixed(2)} s from the start of the process, loading from sources`,
        holds: first <= 1,
      };
    },
  },
  {
    name: "first forward pass of a ResNet-18-shaped network, cold",
    limit: "5 s",
    async measure() {
      const { first = 0, process = 0 } = numbersFrom("cold-start.ts", ["resnet18"]);
      return {
        measured: `${first.toFixed(2)} s; ${process.toFixed(2)} s from the start of the process, loading from sources`,
        holds: first <= 5,
      };
    },
  },
  {
    name: "device bytes over 10,000 training steps of LeNet-5",
    limit: "flat after step 1",
    async measure() {
      const {
        deviceAfterFirst = 0,
        deviceAfterLast = 0,
        heapEarly = 0,
        heapLate = 0,
      } = numbersFrom("flat-memory.ts", ["10000"], ["--expose-gc"]);
      const growth = heapLate - heapEarly;
      return {
        measured: `${deviceAfterFirst.toLocaleString("en-GB")} bytes after step 1, ${deviceAfterLast.toLocaleString("en-GB")} after step 10,000; JS heap ${growth < 0 ? "−" : "+"}${(Math.abs(growth) / 1000).toFixed(0)} kB from step 1,000 on`,
        // What the collector leaves varies by some tens of kilobytes; a leak of one small object a step would be a megabyte.
        holds: deviceAfterFirst === deviceAfterLast && growth < 200_000,
      };
    },
  },
  {
    name: "tensor + compile + wasm, minified and gzipped",
    limit: "60 kB",
    async measure() {
      const kilobytes = await measureBundle();
      return { measured: `${kilobytes.toFixed(1)} kB`, holds: kilobytes <= 60 };
    },
  },
  {
    name: "tsc on the op table at 150 rows",
    limit: "3 s",
    async measure() {
      const { rows, seconds } = measureOpTable();
      return { measured: `${seconds.toFixed(2)} s (${rows} rows with specs, the whole tensor package)`, holds: seconds <= 3 };
    },
  },
];
