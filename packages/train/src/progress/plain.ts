import type { Clock } from "@gradus/io";
import { formatCount, formatLoss, formatPercent, formatSeconds } from "./format.ts";
import type { EpochInfo, Progress, StepInfo } from "./progress.ts";

export interface LinesOptions {
  /** Takes text that ends in a newline. */
  readonly write: (text: string) => void;
  readonly clock: Clock;
}

const secondsBetweenLines = 30;

/** Progress as plain lines, for pipes and logs: one an epoch, and one every 30 seconds of a long epoch. */
export function plainProgress({ write, clock }: LinesOptions): Progress {
  let last = clock.now();
  return {
    step: (info) => {
      if (clock.now() - last < 1000 * secondsBetweenLines) return;
      last = clock.now();
      write(`${stepLine(info).join("  ")}\n`);
    },
    epoch: (info) => {
      last = clock.now();
      write(`${epochLine(info)}\n`);
    },
    message: (text) => write(`${text}\n`),
  };
}

/** The parts of a line about a step, the most important first. */
export function stepLine({ epoch, epochs, batch, batches, loss, scores, samplesPerSecond, secondsLeft }: StepInfo): readonly string[] {
  const accuracy = formatPercent(scores()["accuracy"]);
  return [
    `epoch ${epochs === null ? epoch : `${epoch}/${epochs}`}`,
    `batch ${batch}/${batches}`,
    `loss ${formatLoss(loss)}`,
    ...(accuracy === null ? [] : [`accuracy ${accuracy}`]),
    ...(samplesPerSecond > 0 ? [`${formatCount(samplesPerSecond)} images/s`] : []),
    ...(secondsLeft === null ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ];
}

/** One finished epoch in a line. */
export function epochLine({ record, epochs, samplesPerSecond, isBest }: EpochInfo): string {
  const { train, validation } = record;
  const scored = (name: string, scores: typeof train) => {
    const accuracy = formatPercent(scores["accuracy"]);
    return `${name} loss ${formatLoss(scores.loss)}${accuracy === null ? "" : ` accuracy ${accuracy}`}`;
  };
  return [
    `epoch ${Number(record.epoch.toFixed(2))}${epochs === null ? "" : `/${epochs}`}`,
    scored("train", train),
    ...(validation === null ? [] : [`${scored("test", validation)}${isBest ? " (best)" : ""}`]),
    `${formatCount(samplesPerSecond)} images/s`,
    formatSeconds(record.seconds),
  ].join("  ");
}
