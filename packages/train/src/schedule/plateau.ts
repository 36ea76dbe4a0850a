import { ArgumentError } from "@gradus/tensor";
import type { EpochRecord } from "../state/train-state.ts";
import { count, notNegative, positive, refused, type Schedule } from "./schedule.ts";

export interface PlateauOptions {
  /** What is watched; the loss when left out. */
  readonly metric?: string;
  /** Whether less or more of it is better; "min" when left out. */
  readonly goal?: "min" | "max";
  /** Whose scores are watched; the validation set's when left out. */
  readonly on?: "validation" | "train";
  /** What a drop multiplies the rate by; 0.1 when left out. */
  readonly factor?: number;
  /** The rate drops at this many checks in a row without improvement; 10 when left out. PyTorch's patience is one less. */
  readonly patience?: number;
  /** A check improves only by more than this; 0 when left out. */
  readonly minDelta?: number;
  /** Whether `minDelta` is a difference or a part of the best value, as PyTorch's `threshold` is; "absolute" when left out. */
  readonly minDeltaMode?: "absolute" | "relative";
  /** Checks after a drop that count for nothing; 0 when left out. */
  readonly cooldown?: number;
  /** The rate never drops below this; 0 when left out. */
  readonly min?: number;
}

/**
 * Lowers the rate when a metric stops improving, as PyTorch's `ReduceLROnPlateau`. One check is one epoch's scores.
 *
 * It has no state of its own: the rate follows from the epochs' scores, which the run's record keeps and a checkpoint saves.
 * The first check improves, improvement is strict, and NaN never improves.
 *
 * @throws ArgumentError for options out of range; when it is used, if the scores have no such number.
 */
export function plateau(rate: number, options: PlateauOptions = {}): Schedule {
  const { goal = "min", factor = 0.1, patience = 10, minDelta = 0, minDeltaMode = "absolute", cooldown = 0, min = 0 } = options;
  positive("plateau", "the rate", rate);
  if (!(factor > 0 && factor < 1)) throw refused("plateau", `factor must lie between 0 and 1, not ${factor}`);
  count("plateau", "patience", patience);
  for (const [name, value] of Object.entries({ minDelta, cooldown, min })) notNegative("plateau", name, value);
  const improves = (value: number, best: number): boolean => {
    const delta = minDeltaMode === "absolute" ? minDelta : best * minDelta;
    return goal === "min" ? value < best - delta : value > best + delta;
  };
  return ({ history }) => {
    let current = rate;
    let best: number | null = null;
    let checks = 0;
    let cooling = 0;
    for (const record of history) {
      const value = watched(record, options);
      if (!Number.isNaN(value) && (best === null || improves(value, best))) {
        best = value;
        checks = 0;
      } else checks++;
      if (cooling > 0) {
        cooling--;
        checks = 0;
      }
      if (checks < patience) continue;
      current = Math.min(current, Math.max(current * factor, min));
      cooling = cooldown;
      checks = 0;
    }
    return current;
  };
}

function watched(record: EpochRecord, { metric = "loss", on = "validation" }: PlateauOptions): number {
  const scores = record[on];
  const value = scores?.[metric];
  if (typeof value === "number") return value;
  const reason = scores === null ? "there is no validation set" : `${on} scores have no number called ${metric}`;
  throw new ArgumentError("schedule/no-score", `${reason}, so there is nothing to watch`, {
    subject: "plateau",
    hint: scores === null ? 'give fit a validation set, or say on: "train"' : `watch one of ${Object.keys(scores).join(", ")}`,
  });
}
