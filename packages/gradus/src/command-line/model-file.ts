import { FormatError } from "@gradus/tensor";
import { Fields, loadModel, type Notes, type Precision, type SavedModel } from "@gradus/train";
import { type ModelEntry, type ModelName, models } from "@gradus/zoo";
import { type BackendName, backendNames } from "../runtime.ts";
import { type DataSetName, dataSetNames, type Normalisation } from "./data-sets.ts";
import { UsageError } from "./exit.ts";
import { precisionNames } from "./defaults.ts";
import { type OptimizerName, optimizerNames } from "./optimizers.ts";
import { type ScheduleName, scheduleNames } from "./schedules.ts";

/** What a file says about the model in it. */
export interface ModelNote extends Normalisation {
  readonly model: ModelName;
  readonly data: DataSetName;
  readonly classes: readonly string[];
}

/** What the run that made a file was asked for. */
export interface RunNote {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly momentum: number;
  readonly schedule: ScheduleName;
  readonly warmup: number;
  readonly seed: number;
  readonly batchSize: number;
  readonly precision: Precision;
  readonly epochs: number;
  readonly limit: number | null;
  readonly backend: BackendName;
  readonly threads: number | null;
}

export interface ModelFile extends SavedModel {
  readonly path: string;
  readonly note: ModelNote;
  /** Null for a file of weights alone. */
  readonly run: RunNote | null;
}

const modelKey = "gradus.model";
const runKey = "gradus.run";

export function notesOf(model: ModelNote, run: RunNote): Notes {
  return new Map([
    [modelKey, JSON.stringify(model)],
    [runKey, JSON.stringify(run)],
  ]);
}

/**
 * Reads a file that `gradus train --save` wrote.
 *
 * @throws FormatError for another file, StorageError if it cannot be read.
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const saved = await loadModel(path);
  const about = saved.notes.get(modelKey);
  if (about === undefined)
    throw new FormatError("cli/no-model", "the file does not say which model it holds", {
      subject: path,
      hint: "only files written by gradus train --save do",
    });
  const fields = Fields.parse(about, path);
  const note: ModelNote = {
    model: fields.oneOf("model", modelNames),
    data: fields.oneOf("data", dataSetNames),
    classes: fields.texts("classes"),
    mean: fields.numbers("mean"),
    std: fields.numbers("std"),
  };
  const run = saved.notes.get(runKey);
  return { ...saved, path, note, run: run === undefined ? null : runOf(Fields.parse(run, path)) };
}

function runOf(fields: Fields): RunNote {
  return {
    optimizer: fields.oneOf("optimizer", optimizerNames),
    learningRate: fields.number("learningRate"),
    momentum: fields.number("momentum"),
    schedule: fields.oneOf("schedule", scheduleNames),
    warmup: fields.whole("warmup"),
    seed: fields.whole("seed"),
    batchSize: fields.whole("batchSize"),
    precision: fields.names().includes("precision") ? fields.oneOf("precision", precisionNames) : "f32",
    epochs: fields.whole("epochs"),
    limit: fields.isNull("limit") ? null : fields.whole("limit"),
    backend: fields.oneOf("backend", backendNames),
    threads: fields.isNull("threads") ? null : fields.whole("threads"),
  };
}

export const modelNames: readonly ModelName[] = Object.keys(models).filter(isModelName);

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(models, name);
}

/** A model by its name. Throws a `UsageError` that lists the known ones. */
export function modelNamed(name: string): { readonly name: ModelName; readonly entry: ModelEntry } {
  if (isModelName(name)) return { name, entry: models[name] };
  throw new UsageError(`unknown model "${name}"; known are ${modelNames.join(", ")}`);
}
