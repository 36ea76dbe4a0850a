import type { Level } from "@gradus/wasm";
import type { Work } from "./case.ts";
import type { Statistics } from "./statistics.ts";

/** Everything one run measured: what `--json` writes and what documents are rendered from. */
export interface Report {
  readonly format: 1;
  readonly command: string;
  readonly date: string;
  readonly host: Host;
  /** Version of each library that took part. */
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly CaseReport[];
  readonly budgets: readonly BudgetReport[];
}

export interface Host {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly system: string;
}

/** The most this host was measured to do, of what the speeds of cases are shares of. */
export type Ceiling =
  | {
      /** Multiplications and additions on registers. */
      readonly kind: "arithmetic";
      readonly level: Level;
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
}

/** One contender at one case: its times, or why there are none. */
export type Result = { readonly contender: string; readonly library: string; readonly threads: number } & (
  | { readonly kind: "measured"; readonly times: Statistics; readonly firstMilliseconds: number }
  | { readonly kind: "cannot" | "wrong" | "failed"; readonly why: string }
);

export type Measured = Extract<Result, { kind: "measured" }>;

/** One budget: what was promised, what was measured, and whether it holds; null where it cannot be judged. */
export interface BudgetReport {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  readonly holds: boolean | null;
}

/** The measured result of Gradus that a peer's is set against: the same threads, the best level. */
export function counterpart({ results }: CaseReport, peer: Measured): Measured | null {
  return (
    results.find(
      (result): result is Measured => result.kind === "measured" && result.library === "gradus" && result.threads === peer.threads,
    ) ?? null
  );
}
