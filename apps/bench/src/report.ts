import type { Level } from "@gradus/wasm";
import type { Work } from "@gradus/conformance/perf";
import type { Statistics } from "./statistics.ts";

/** Raised when a report of before means something else. */
export const reportFormat = 2;

/** Everything one run measured: what `--json` writes and what documents are rendered from. */
export interface Report {
  readonly format: typeof reportFormat;
  readonly command: string;
  readonly date: string;
  readonly host: Host;
  readonly ceilings: readonly Ceiling[];
  /** Version of each library that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** What a page that imports a library downloads. */
  readonly sizes: Readonly<Record<string, LibrarySize>>;
  readonly cases: readonly CaseReport[];
  readonly budgets: readonly BudgetReport[];
}

export interface Host {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** The browser whose pages were measured; null where they are processes of Node. */
  readonly browser: string | null;
  readonly system: string;
}

/** The most this host was measured to do, of what the speeds of cases are shares of. */
export type Ceiling =
  | {
      /** Multiplications and additions on registers. */
      readonly kind: "arithmetic";
      /** Instructions of the processor, or a shader on the GPU. */
      readonly level: Level | "shader";
      readonly threads: number;
      readonly unit: "GFLOP/s";
      readonly speed: number;
    }
  | {
      /** A copy that reads and writes `bytes` in all, half of them each. */
      readonly kind: "copy";
      readonly bytes: number;
      readonly threads: number;
      readonly unit: "GB/s";
      readonly speed: number;
    };

export interface CaseReport {
  readonly name: string;
  readonly work: Work;
  readonly results: readonly Result[];
  /** What share of the processors' time others took while it was measured: a figure of above some hundredths spoils the times. Null where unknown. */
  readonly othersShare: number | null;
}

/** One contender at one case: its times, or why there are none. */
export type Result = { readonly contender: string; readonly library: string; readonly threads: number } & (
  | {
      readonly kind: "measured";
      readonly times: Statistics;
      /** The first call, which compiles. */
      readonly firstMilliseconds: number;
      /** The most memory its process held during the case, less what it held once the library was loaded; null where unknown. */
      readonly peakBytes: number | null;
    }
  | { readonly kind: "cannot" | "wrong" | "failed"; readonly why: string }
);

export type Measured = Extract<Result, { kind: "measured" }>;

/** Whether others took so much of the machine that a case's times mean little. */
export function isDisturbed({ othersShare }: Pick<CaseReport, "othersShare">): boolean {
  return (othersShare ?? 0) > 0.1;
}

/** Bytes of a library as it is downloaded. */
export type LibrarySize =
  /** Everything it exports, bundled, minified and gzipped, and the gzipped files it fetches to start, its WebAssembly modules above all. */
  | { readonly kind: "bundle"; readonly script: number; readonly fetched: number }
  /** Files of a package that no browser loads, as they lie on disk. */
  | { readonly kind: "package"; readonly bytes: number }
  | { readonly kind: "cannot"; readonly why: string };

/** One budget: what was promised, what was measured, and whether it holds; null where it cannot be judged. */
export interface BudgetReport {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  readonly holds: boolean | null;
}

/** A promised speed, and the ratios that judge it. */
export interface BarReport {
  readonly cases: string;
  readonly threads: number;
  readonly against: string;
  readonly atLeast: number;
  readonly ratios: readonly { readonly name: string; readonly ratio: number }[];
}

/** Whether a contender is Gradus, at whatever level. */
export function isOwn({ library }: Pick<Result, "library">): boolean {
  return library.split(" ")[0] === "gradus";
}

/** Whether a library is machine code, which no browser runs. */
export function isNative({ library }: Pick<Result, "library">): boolean {
  return native.has(library);
}

const native: ReadonlySet<string> = new Set(["pytorch", "onnxruntime-node"]);

/** The fastest peer on `threads` threads, by medians, among those in JavaScript or among the native ones. */
export function bestPeer({ results }: CaseReport, threads: number, among: "JavaScript" | "native"): Measured | null {
  const peers = results.filter(
    (result): result is Measured =>
      result.kind === "measured" && result.threads === threads && !isOwn(result) && isNative(result) === (among === "native"),
  );
  return peers.toSorted((a, b) => a.times.median - b.times.median)[0] ?? null;
}

/** The measured result of Gradus that a peer's is set against: on as many threads, the first level measured. */
export function counterpart({ results }: CaseReport, peer: Measured): Measured | null {
  return (
    results.find((result): result is Measured => result.kind === "measured" && isOwn(result) && result.threads === peer.threads) ?? null
  );
}
