import { speed } from "@gradus/conformance/perf";
import { shareOfCeiling } from "./ceilings/ceilings.ts";
import { type BarReport, bestPeer, type CaseReport, isOwn, type Measured, type Report } from "./report.ts";

/** What a speed of Gradus is set against. */
type Against =
  | { readonly kind: "ceiling" }
  | { readonly kind: "best JavaScript peer" }
  | { readonly kind: "peer"; readonly library: string }
  | { readonly kind: "one thread" }
  /** The speed at another case: that of the name `other` makes of a case's. */
  | { readonly kind: "case"; readonly what: string; readonly other: (name: string) => string };

/** A speed that is promised for some cases, as a ratio within one run. */
interface Bar {
  readonly cases: string;
  readonly chosen: (report: CaseReport) => boolean;
  readonly threads: number;
  readonly against: Against;
  readonly atLeast: number;
}

const named =
  (pattern: RegExp) =>
  ({ name }: CaseReport): boolean =>
    pattern.test(name);
const peer = (library: string): Against => ({ kind: "peer", library });
const bar = (cases: string, chosen: Bar["chosen"], against: Against, atLeast: number, threads = 1): Bar => ({
  cases,
  chosen,
  threads,
  against,
  atLeast,
});

const squares = /^matmul (128|256|512|1024)x\1x\1$/;
const winograd = /^conv 3x3 (64-64 56x56|128-128 28x28|256-256 14x14|512-512 7x7) batch 8 forward/;
const forwardOf: Against = { kind: "case", what: "the forward pass", other: (name) => name.replace(/(input|weight) gradient/, "forward") };
const bestOfJavaScript: Against = { kind: "best JavaScript peer" };
const web = peer("onnxruntime-web");
const pytorch = peer("pytorch");

/** Cases of more than 20 million operations: where two threads have to pay. */
function isLarge({ name, work }: CaseReport): boolean {
  if (work.unit === "images/s") return !name.endsWith("batch 1") || name.startsWith("resnet");
  return work.unit === "GFLOP/s" && work.operations > 20e6;
}

/** What "at the limit of the machine" means. */
const bars: readonly Bar[] = [
  bar("matmul 128-1024", named(squares), { kind: "ceiling" }, 0.9),
  bar("matmul 2048", named(/^matmul 2048/), { kind: "ceiling" }, 0.85),
  bar("matmul 128-1024", named(squares), bestOfJavaScript, 1.45),
  bar("matmul 64, 128 and skinny", named(/^matmul (64x64x64|128x128x128|[18]x512x512|64x800x500)$/), bestOfJavaScript, 1.2),
  bar("conv 3x3, 64-512 channels", named(winograd), web, 3.5),
  bar("conv 3x3, 64-512 channels", named(winograd), peer("onnxruntime-node"), 1),
  bar("conv 3x3, 64-512 channels", named(winograd), pytorch, 1),
  bar("conv 1x1, 5x5, 7x7 and 11x11", named(/^conv (1x1|5x5|7x7|11x11) .*forward/), web, 1.5),
  bar("conv depthwise and grouped", named(/^conv 3x3 (depthwise|groups) .*forward/), web, 1.2),
  bar("gradients of convolutions", named(/^conv .* gradient$/), forwardOf, 0.8),
  bar("pointwise chain of 8", named(/^pointwise/), peer("tfjs-wasm"), 10),
  bar("pointwise chain of 8", named(/^pointwise/), { kind: "case", what: "a copy", other: () => "copy 1M" }, 1 / 1.5),
  bar("exp, tanh, erf, softmax", named(/^(exp|tanh|erf|softmax)/), bestOfJavaScript, 1.3),
  bar("lenetCaffe training", named(/^lenetCaffe training/), pytorch, 1.1),
  bar("lenetCaffe training", named(/^lenetCaffe training/), pytorch, 1.2, 2),
  bar("lenet5 training", named(/^lenet5 training/), pytorch, 1.2),
  bar("lenet5 training", named(/^lenet5 training/), pytorch, 1.1, 2),
  bar("both LeNets forward, batch 1", named(/^lenet.* forward batch 1$/), web, 1),
  bar("lenetCaffe forward, batch 64", named(/^lenetCaffe forward batch 64$/), web, 1.8),
  bar("lenetCaffe forward, batch 64", named(/^lenetCaffe forward batch 64$/), peer("onnxruntime-node"), 0.75),
  bar("lstm 2x256 training", named(/^lstm 2x256/), pytorch, 0.5),
  bar(
    "other convolutions, norms, attention, indexing, sorting, resampling",
    named(
      /^(conv1d|conv3d|conv transposed|attention|log softmax|cross-entropy|gru|.* norm |index add|gather|cumulative|sort|top|bilinear)/,
    ),
    bestOfJavaScript,
    1,
  ),
  bar("everything above 20 million operations", isLarge, { kind: "one thread" }, 1.75, 2),
];

/** Sets a report's cases against the bars. One that no case of the report can judge is left out. */
export function judgeBars({ cases, ceilings }: Pick<Report, "cases" | "ceilings">): BarReport[] {
  return bars.flatMap(({ chosen, cases: title, threads, against, atLeast }) => {
    const ratios = cases.filter(chosen).flatMap((report) => {
      const ratio = ratioOf(report, cases, ceilings, threads, against);
      return ratio === null ? [] : [{ name: report.name, ratio }];
    });
    if (ratios.length === 0) return [];
    return [{ cases: title, threads, against: describe(against), atLeast, ratios }];
  });
}

function ratioOf(
  report: CaseReport,
  cases: readonly CaseReport[],
  ceilings: Report["ceilings"],
  threads: number,
  against: Against,
): number | null {
  const ours = own(report, threads);
  if (ours === null) return null;
  const timesAsFastAs = (other: Measured | null): number | null => (other === null ? null : other.times.median / ours.times.median);
  switch (against.kind) {
    case "ceiling":
      return shareOfCeiling(ceilings, report.work, ours);
    case "best JavaScript peer":
      return timesAsFastAs(bestPeer(report, threads, "JavaScript"));
    case "peer":
      return timesAsFastAs(measured(report, ({ library }) => library === against.library, threads));
    case "one thread":
      return timesAsFastAs(own(report, 1));
    case "case": {
      const other = cases.find(({ name }) => name === against.other(report.name));
      const theirs = other === undefined ? null : own(other, threads);
      if (other === undefined || theirs === null) return null;
      return speed(report.work, ours.times.median) / speed(other.work, theirs.times.median);
    }
  }
  against satisfies never;
  return null;
}

function own(report: CaseReport, threads: number): Measured | null {
  return measured(report, isOwn, threads);
}

function measured({ results }: CaseReport, which: (result: Measured) => boolean, threads: number): Measured | null {
  return results.find((result): result is Measured => result.kind === "measured" && result.threads === threads && which(result)) ?? null;
}

function describe(against: Against): string {
  switch (against.kind) {
    case "ceiling":
      return "the measured ceiling";
    case "best JavaScript peer":
      return "the best JavaScript peer";
    case "peer":
      return against.library;
    case "one thread":
      return "one thread";
    case "case":
      return against.what;
  }
  against satisfies never;
  return "";
}
