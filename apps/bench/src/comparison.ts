import { FormatError } from "@gradus/tensor";
import { isDisturbed, isOwn, type Measured, type Report } from "./report.ts";
import { percentage } from "./table.ts";

/** What became of one contender at one case from an old run to a new one. */
export interface Change {
  readonly caseName: string;
  readonly contender: string;
  readonly own: boolean;
  readonly before: number;
  readonly after: number;
  /** New median over old: above 1 is slower. */
  readonly ratio: number;
  /** What a ratio must exceed to count, besides quartile ranges that do not meet. */
  readonly noise: number;
  /** Not told where others took too much of the machine in either run. */
  readonly verdict: "slower" | "faster" | "same" | "not told";
}

export interface Comparison {
  /** Reasons to trust the verdicts less, one sentence each. */
  readonly warnings: readonly string[];
  readonly changes: readonly Change[];
  /** What was measured before and is not now, one sentence each. */
  readonly lost: readonly { readonly own: boolean; readonly sentence: string }[];
}

/** The least ratio of medians that counts as a change: runs on a quiet machine differ by this much. */
const leastNoise = 0.03;
/** The same where a case was too slow to be timed often, so that its spread says nothing. */
const leastNoiseOfFew = 0.1;
const few = 5;

/**
 * Sets a new run against an old one. A contender became slower at a case if the quartile range of its times lies wholly
 * above the old one, and its median rose by more than 3 %, by more than either run's spread and by more than the machine's
 * own ceiling moved; faster likewise.
 *
 * @throws FormatError when the runs are of different machines, whose times mean nothing beside each other.
 */
export function compareReports(before: Report, after: Report): Comparison {
  const machines = [before, after].map(({ host }) => `${host.cpu} with ${host.cores} cores`);
  if (machines[0] !== machines[1])
    throw new FormatError("format/other-host", `the old run is of ${machines[0] ?? ""} and the new one of ${machines[1] ?? ""}`, {
      subject: "bench",
      hint: "compare runs of one machine",
    });
  const warnings = [
    ...differs("Node", before.host.node, after.host.node),
    ...differs("the browser", before.host.browser ?? "none", after.host.browser ?? "none"),
    ...differs("the system", before.host.system, after.host.system),
    ...Object.keys(after.versions).flatMap((library) => differs(library, before.versions[library], after.versions[library])),
  ];
  const drifts = new Map<number, number>();
  for (const result of before.cases.flatMap(({ results }) => results)) {
    if (drifts.has(result.threads)) continue;
    const drift = ceilingDrift(before, after, result.threads);
    drifts.set(result.threads, drift);
    if (drift > leastNoise)
      warnings.push(
        `the machine itself differs by ${(drift * 100).toFixed(0)} % on ${result.threads === 1 ? "1 thread" : `${result.threads} threads`}, going by its ceilings`,
      );
  }
  const changes: Change[] = [];
  const lost: { own: boolean; sentence: string }[] = [];
  for (const old of before.cases) {
    const now = after.cases.find(({ name }) => name === old.name);
    if (now === undefined) continue;
    if (JSON.stringify(now.work) !== JSON.stringify(old.work)) {
      warnings.push(`${old.name} is not the same work in both runs, and is left out`);
      continue;
    }
    const disturbed = isDisturbed(old) || isDisturbed(now);
    if (disturbed)
      warnings.push(
        `${old.name} is not judged: others took ${percentage(old.othersShare)} of the machine in the old run, ${percentage(now.othersShare)} in the new one`,
      );
    for (const one of old.results) {
      const other = now.results.find(({ contender }) => contender === one.contender);
      if (one.kind !== "measured" || other === undefined) continue;
      if (other.kind === "measured") {
        const change = changeOf(old.name, one, other, drifts.get(one.threads) ?? 0);
        changes.push(disturbed ? { ...change, verdict: "not told" } : change);
      } else lost.push({ own: isOwn(one), sentence: `${old.name}, ${one.contender}: measured before, now ${other.kind}: ${other.why}` });
    }
  }
  if (changes.length + lost.length === 0) warnings.push("the runs have no case and contender in common");
  return { warnings, changes, lost };
}

/** Whether Gradus itself is slower or no longer measured somewhere. */
export function isWorse({ changes, lost }: Comparison): boolean {
  return changes.some(({ own, verdict }) => own && verdict === "slower") || lost.some(({ own }) => own);
}

/** A comparison as lines for a terminal: warnings, changes with the largest first, what is lost, and the sums. */
export function comparisonLines({ warnings, changes, lost }: Comparison): string[] {
  const changed = changes.filter(({ verdict }) => verdict === "slower" || verdict === "faster").toSorted((a, b) => b.ratio - a.ratio);
  const width = Math.max(0, ...changed.map(({ caseName, contender }) => caseName.length + contender.length + 2));
  const counted = (verdict: Change["verdict"]): number => changes.filter((change) => change.verdict === verdict).length;
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...changed.map(
      ({ caseName, contender, verdict, before, after, ratio, noise }) =>
        `${verdict}  ${`${caseName}, ${contender}`.padEnd(width)}  ${before.toFixed(3)} -> ${after.toFixed(3)} ms, ${ratio.toFixed(2)}x (noise ${(noise * 100).toFixed(0)} %)`,
    ),
    ...lost.map(({ sentence }) => `lost    ${sentence}`),
    `${counted("slower")} slower, ${counted("faster")} faster, ${counted("same")} the same, ${counted("not told")} not judged, ${lost.length} lost`,
  ];
}

/** By what share the fastest arithmetic ceiling of the one run exceeds that of the other; 0 where a run has none. */
function ceilingDrift(before: Report, after: Report, threads: number): number {
  const [old = 0, now = 0] = [before, after].map(({ ceilings }) =>
    Math.max(0, ...ceilings.filter((ceiling) => ceiling.kind === "arithmetic" && ceiling.threads === threads).map(({ speed }) => speed)),
  );
  return old === 0 || now === 0 ? 0 : Math.max(old, now) / Math.min(old, now) - 1;
}

function changeOf(caseName: string, before: Measured, after: Measured, drift: number): Change {
  const [old, now] = [before.times, after.times];
  const ratio = now.median / old.median;
  const least = Math.min(old.samples, now.samples) < few ? leastNoiseOfFew : leastNoise;
  const noise = Math.max(least, old.spread, now.spread, drift);
  const slower = now.lower > old.upper && ratio > 1 + noise;
  const faster = now.upper < old.lower && 1 / ratio > 1 + noise;
  return {
    caseName,
    contender: before.contender,
    own: isOwn(before),
    before: old.median,
    after: now.median,
    ratio,
    noise,
    verdict: slower ? "slower" : faster ? "faster" : "same",
  };
}

function differs(what: string, before: string | undefined, after: string | undefined): string[] {
  return before === undefined || before === after ? [] : [`${what} was ${before} in the old run and is ${after} in the new one`];
}
