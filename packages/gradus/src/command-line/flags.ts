import { type Command, Option } from "commander";
import { type BackendName, backendNames } from "../runtime.ts";
import { dataSetNames, type DataSetName } from "./data-sets.ts";
import { wholeNumber } from "./values.ts";

export interface DataFlags {
  readonly data?: DataSetName;
  readonly dataDir?: string;
  readonly limit?: number;
}

export interface RuntimeFlags {
  readonly backend?: BackendName;
  readonly threads?: number;
}

export interface OutputFlags {
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** Flags that say which data set, and how much of it. */
export function addDataFlags(command: Command): Command {
  return command
    .addOption(new Option("--data <name>", "the data set; digits is synthetic and drawn on the spot").choices(dataSetNames))
    .option("--data-dir <folder>", "where the set's files are; without it they are downloaded once and kept in the cache")
    .option("--limit <n>", "use at most n images for training and n for testing", wholeNumber(1));
}

/** Flags that say what computes. */
export function addRuntimeFlags(command: Command): Command {
  return command
    .addOption(new Option("--backend <name>", "what computes: wasm, webgpu, or the slow float64 reference").choices(backendNames))
    .option("--threads <n>", "threads of the wasm backend; as many as there are cores by default", wholeNumber(1, 64));
}

/** `--json`. */
export function addJsonFlag(command: Command, what: string): Command {
  return command.option("--json", `print ${what} as JSON, one object a line, and nothing else on standard output`);
}
