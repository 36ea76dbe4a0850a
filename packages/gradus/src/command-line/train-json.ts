import { type EpochInfo, type FitResult, formatCount, formatPercent, formatSeconds } from "@gradus/train";
import type { BackendName } from "../runtime.ts";

/** A finished epoch as a JSON line. */
export function epochLine({ record, samplesPerSecond }: EpochInfo): string {
  const { epoch, train, validation, seconds } = record;
  return line({
    epoch,
    trainLoss: train.loss,
    trainAccuracy: train["accuracy"],
    testLoss: validation?.loss,
    testAccuracy: validation?.["accuracy"],
    imagesPerSecond: Math.round(samplesPerSecond * 10) / 10,
    seconds,
  });
}

export interface FinalFacts {
  readonly result: FitResult;
  readonly parameters: number;
  readonly backend: BackendName;
  readonly threads: number;
  readonly peakBytes: number;
}

/** How a run came out, as a JSON line or a sentence. */
export function finalLine({ result, parameters, backend, threads, peakBytes }: FinalFacts, json: boolean): string {
  const accuracy = result.history.at(-1)?.validation?.["accuracy"];
  if (json) return line({ done: true, testAccuracy: accuracy, parameters, backend, threads, peakBytes });
  const facts = [
    `test accuracy ${formatPercent(accuracy) ?? "unknown"}`,
    `${formatCount(parameters)} parameters`,
    `${backend}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    `${(peakBytes / 2 ** 20).toFixed(1)} MB at most`,
    formatSeconds(result.state.seconds),
  ];
  return `${facts.join("; ")}\n`;
}

/** A run that did not finish, as a JSON line. */
export function stoppedLine({ reason, state }: FitResult): string {
  return line({ done: false, reason, epoch: state.epoch, step: state.step });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
