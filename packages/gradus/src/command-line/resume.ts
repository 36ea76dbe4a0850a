import type { Checkpoint, Precision } from "@gradus/train";
import { FormatError } from "@gradus/tensor";
import type { ModelName } from "@gradus/zoo";
import type { DataSetName } from "./data-sets.ts";
import { UsageError } from "./exit.ts";
import type { DataFlags, RuntimeFlags } from "./flags.ts";
import { type ModelFile, modelNamed, type RunNote } from "./model-file.ts";
import type { OptimizerName } from "./optimizers.ts";
import type { ScheduleName } from "./schedules.ts";

export interface TrainFlags extends DataFlags, RuntimeFlags {
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly lr?: number;
  readonly momentum?: number;
  readonly optimizer?: OptimizerName;
  readonly schedule?: ScheduleName;
  readonly warmup?: number;
  readonly precision?: Precision;
  readonly seed?: number;
  readonly save?: string;
  readonly resume?: string;
}

/** What a training command is to do, every default filled in. */
export interface TrainPlan {
  readonly model: ModelName;
  readonly data: DataSetName;
  readonly dataDir: string | undefined;
  readonly limit: number | undefined;
  readonly run: RunNote;
  readonly save: string | null;
  readonly checkpoint: Checkpoint | null;
}

/**
 * The plan of a run that goes on: what its file says, and the flags that may differ (length, backend, folders).
 *
 * @throws UsageError for a flag that would make it another run.
 */
export function resumedPlan({ path, note, run, checkpoint }: ModelFile, model: string | undefined, flags: TrainFlags): TrainPlan {
  if (run === null || checkpoint === null)
    throw new FormatError("cli/no-run", "the file holds a model but no run to go on with", { subject: path });
  const conflicts: readonly (readonly [flag: string, given: string | number | undefined, saved: string | number | null])[] = [
    ["the model", model === undefined ? undefined : modelNamed(model).name, note.model],
    ["--data", flags.data, note.data],
    ["--limit", flags.limit, run.limit],
    ["--batch-size", flags.batchSize, run.batchSize],
    ["--lr", flags.lr, run.learningRate],
    ["--momentum", flags.momentum, run.momentum],
    ["--optimizer", flags.optimizer, run.optimizer],
    ["--schedule", flags.schedule, run.schedule],
    ["--warmup", flags.warmup, run.warmup],
    ["--precision", flags.precision, run.precision],
    ["--seed", flags.seed, run.seed],
  ];
  for (const [flag, given, saved] of conflicts) {
    if (given === undefined || given === saved) continue;
    throw new UsageError(
      `${flag} cannot change from ${saved ?? "none"} to ${given} in a run that goes on`,
      "leave it out, or begin a new run without --resume",
    );
  }
  const length = flags.epochs ?? run.epochs;
  if (length < checkpoint.state.epoch)
    throw new UsageError(`the run has done ${checkpoint.state.epoch} epochs already, more than --epochs ${length}`);
  return {
    model: note.model,
    data: note.data,
    dataDir: flags.dataDir,
    limit: run.limit ?? undefined,
    run: {
      ...run,
      epochs: length,
      backend: flags.backend ?? run.backend,
      threads: flags.backend === undefined ? (flags.threads ?? run.threads) : (flags.threads ?? null),
    },
    save: flags.save ?? path,
    checkpoint,
  };
}
