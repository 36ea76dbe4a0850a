import { ArgumentError } from "@gradus/tensor";
import { currentEngine } from "../compile.ts";
import type { RunTime } from "../plan.ts";
import { type HostSpan, observe } from "./observe.ts";
import { ProfileReport } from "./report.ts";

export interface ProfileOptions {
  /** How often `fn` is called before the call that counts: code is made, and warms up, in the first ones. 0 when left out. */
  readonly warmups?: number;
}

/**
 * Runs `fn` on the installed runtime and reports what every kernel took, what it computed and moved, and what the host did beside it.
 *
 * Times are the device's own where it has timestamps, and the host's else: `clock` says which. Plans are prepared anew with
 * clocks in them, once in a profile, and the ones made before come back after it; results do not change. Whatever else
 * runs on the runtime meanwhile is counted too.
 *
 * Example: `const report = await profile(async () => { await step(batch).item(); }, { warmups: 3 }); console.log(report.table());`
 *
 * @throws BackendError if a profile is under way on this runtime, or the runtime cannot replay plans; ArgumentError for a number
 * of warm-ups that is not a whole one; and what `fn` throws, with the runtime as it was.
 */
export async function profile(fn: () => unknown, { warmups = 0 }: ProfileOptions = {}): Promise<ProfileReport> {
  if (!Number.isInteger(warmups) || warmups < 0)
    throw new ArgumentError("profile/warmups", `warmups must be a whole number from 0, not ${warmups}`, { subject: "profile" });
  const engine = currentEngine("profile");
  const runs: RunTime[] = [];
  const spans: HostSpan[] = [];
  let start = 0;
  const stop = observe(engine, { ran: (run) => runs.push(run), spent: (span) => spans.push(span) });
  try {
    for (let i = 0; i < warmups; i++) await fn();
    await engine.finish();
    runs.length = 0;
    spans.length = 0;
    start = performance.now();
    await fn();
  } finally {
    await stop();
  }
  return new ProfileReport(engine.backend.name, { start, end: performance.now() }, runs, spans);
}
