import type { Module } from "@gradus/nn";
import { FormatError, type HostTensor } from "@gradus/tensor";
import { type FileSystem, nodeFileSystem, readSafetensors, type SafetensorsFile, writeSafetensors } from "@gradus/io";
import { encodeTrainState, parseTrainState } from "../state/json.ts";
import type { Weights } from "../weights.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoint.ts";

/** Texts kept beside the weights, such as the model's name and the data set's normalisation. */
export type Notes = ReadonlyMap<string, string>;

export interface FileOptions {
  readonly fs?: FileSystem;
  readonly notes?: Notes;
}

/** What a saved file holds. */
export interface SavedModel {
  /** Parameters and buffers. */
  readonly weights: Weights;
  readonly notes: Notes;
  /** The run that made it, ready for `fit({ resume })`; null for a file of weights alone. */
  readonly checkpoint: Checkpoint | null;
}

const stateKey = "gradus.train-state";
const optimizerPrefix = "optimizer/";
const bestPrefix = "best/";

/**
 * Saves a model's parameters and buffers to one safetensors file, whole or not at all.
 *
 * @throws StorageError from the file system.
 */
export async function saveModel(path: string, model: Module, { fs = nodeFileSystem(), notes = new Map() }: FileOptions = {}): Promise<void> {
  await writeSafetensors(fs, path, await model.stateDict(), notes);
}

/**
 * Keeps a run in one safetensors file, replaced whole at each save.
 *
 * Parameters and buffers stand under their own paths, so that the file is also a file of weights; optimizer slots under
 * `optimizer/…`, the best weights under `best/…`, and the `TrainState` as JSON in the metadata.
 */
export function checkpointFile(path: string, { fs = nodeFileSystem(), notes = new Map() }: FileOptions = {}): CheckpointStore {
  return {
    path,
    save: async ({ state, weights, optimizer, best }) => {
      const tensors = new Map<string, HostTensor>([...weights, ...prefixed(optimizerPrefix, optimizer), ...prefixed(bestPrefix, best ?? new Map())]);
      await writeSafetensors(fs, path, tensors, new Map([...notes, [stateKey, encodeTrainState(state)]]));
    },
  };
}

/**
 * Reads a file that `saveModel` or `checkpointFile` wrote.
 *
 * @throws FormatError for a file that is not one, StorageError from the file system.
 */
export async function loadModel(path: string, { fs = nodeFileSystem() }: { readonly fs?: FileSystem } = {}): Promise<SavedModel> {
  await using file = await readSafetensors({ fs, path });
  const weights = new Map<string, HostTensor>();
  const optimizer = new Map<string, HostTensor>();
  const best = new Map<string, HostTensor>();
  for (const name of file.names) {
    const [group, key] = groupOf(name, { weights, optimizer, best });
    group.set(key, await file.get(name));
  }
  return { weights, notes: file.metadata, checkpoint: checkpointOf(file, path, weights, optimizer, best) };
}

function checkpointOf(file: SafetensorsFile, path: string, weights: Weights, optimizer: Weights, best: Weights): Checkpoint | null {
  const text = file.metadata.get(stateKey);
  if (text === undefined) {
    if (optimizer.size > 0) throw new FormatError("checkpoint/no-state", `the file holds optimizer slots and no record of the run (${stateKey})`, { subject: path });
    return null;
  }
  return { state: parseTrainState(text, path), weights, optimizer, best: best.size === 0 ? null : best };
}

function groupOf<T>(name: string, groups: { readonly weights: T; readonly optimizer: T; readonly best: T }): readonly [T, string] {
  if (name.startsWith(optimizerPrefix)) return [groups.optimizer, name.slice(optimizerPrefix.length)];
  if (name.startsWith(bestPrefix)) return [groups.best, name.slice(bestPrefix.length)];
  return [groups.weights, name];
}

function prefixed(prefix: string, weights: Weights): readonly (readonly [string, HostTensor])[] {
  return [...weights].map(([name, tensor]) => [prefix + name, tensor]);
}
