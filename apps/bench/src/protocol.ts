import type { ArrayFile } from "./arrays.ts";
import type { PerfCase } from "@gradus/conformance/perf";

/** What the harness asks a library's process, one JSON object a line on its standard input. */
export type Request =
  /** Builds the case and runs it once from its inputs; the outputs go into files in `folder`. */
  | { readonly kind: "prepare"; readonly benchCase: PerfCase; readonly inputs: readonly ArrayFile[]; readonly folder: string }
  /** Calls the prepared case until `milliseconds` have passed, at least once. */
  | { readonly kind: "time"; readonly milliseconds: number }
  /** Gives the prepared case's memory back. */
  | { readonly kind: "release" };

/** What it answers, one JSON object a line on file descriptor 3. The first, unasked, is `hello`. */
export type Answer =
  | { readonly kind: "hello"; readonly version: string }
  | { readonly kind: "prepared"; readonly outputs: readonly ArrayFile[]; readonly firstMilliseconds: number }
  | { readonly kind: "cannot"; readonly why: string }
  | { readonly kind: "times"; readonly milliseconds: readonly number[] }
  /** The most memory the process held since `prepare`, in bytes, less what it held at `hello`; null where the system does not say. */
  | { readonly kind: "released"; readonly peakBytes: number | null }
  | { readonly kind: "failed"; readonly why: string };
