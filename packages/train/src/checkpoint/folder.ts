import { FormatError, GradusError, type HostTensor, StorageError } from "@gradus/tensor";
import { encodeSafetensors, type FileSystem, joinPath, nodeFileSystem, readSafetensors, sha256, storageError } from "@gradus/io";
import { encodeTrainState, parseTrainState } from "../state/json.ts";
import type { TrainState } from "../state/train-state.ts";
import type { Weights } from "../weights.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoint.ts";
import { type CheckpointFile, encodeManifest, type Manifest, manifestName, readManifest, readVerified } from "./manifest.ts";
import { asideSuffix, stepOf } from "./names.ts";
import { type Keep, removeOld } from "./retention.ts";

export interface CheckpointFolderOptions {
  readonly fs?: FileSystem;
  /** Which checkpoints stay; the last 2 and the best by default. */
  readonly keep?: Keep;
}

/** The newest checkpoint that verifies, and those that did not. */
export interface Found {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** Newer checkpoints that were passed over, each with the reason. */
  readonly skipped: readonly { readonly path: string; readonly error: GradusError }[];
}

export interface CheckpointFolder extends CheckpointStore {
  /** The newest checkpoint whose manifest and sums verify; null where there is none. */
  latest(): Promise<Found | null>;
}

/**
 * Keeps a run's checkpoints in a folder, each a folder `step-00001234` of its own that is whole or absent.
 *
 * A checkpoint is built as `.tmp-step-…`, every file synced, the manifest with lengths and SHA-256 last, then renamed.
 * If any call fails, the earlier checkpoints are intact, the temporary is removed and the error names path and bytes.
 * One run at a time owns the folder: what another, killed, run left half-built is cleared at the next save.
 */
export function checkpointFolder(path: string, { fs = nodeFileSystem(), keep = {} }: CheckpointFolderOptions = {}): CheckpointFolder {
  return {
    path,
    save: async (checkpoint) => {
      await fs.makeFolder(path);
      await clearAbandoned(fs, path);
      const target = joinPath(path, folderName(checkpoint.state.step));
      await write(fs, path, target, checkpoint);
      await readVerified(fs, target, await readManifest(fs, target));
      await removeOld(fs, path, keep);
    },
    latest: () => findLatest(fs, path),
  };
}

function folderName(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

async function write(fs: FileSystem, parent: string, target: string, checkpoint: Checkpoint): Promise<void> {
  const needed = bytesOf(checkpoint);
  const free = await fs.freeBytes(target);
  if (free !== null && free < needed) throw storageError("full", target, { action: "save", needed, free });
  const temporary = joinPath(parent, `.tmp-${folderName(checkpoint.state.step)}-${crypto.randomUUID().slice(0, 8)}`);
  // Where this very step was saved before, the earlier one steps aside under a name that readers know.
  const replaced = `${target}${asideSuffix}`;
  let aside = false;
  try {
    await fs.makeFolder(temporary);
    const files: { name: CheckpointFile; bytes: number; sha256: string }[] = [];
    for (const [name, contents] of contentsOf(checkpoint)) {
      const bytes = contents();
      await writeFile(fs, joinPath(temporary, name), bytes);
      files.push({ name, bytes: bytes.length, sha256: sha256(bytes) });
    }
    await writeFile(fs, joinPath(temporary, manifestName), encodeManifest({ ...placeOf(checkpoint.state), files }));
    await fs.syncFolder(temporary);
    if ((await fs.stat(target)) !== null) {
      await fs.rename(target, replaced);
      aside = true;
    }
    await fs.rename(temporary, target);
    await fs.syncFolder(parent);
    if (aside) await fs.remove(replaced);
  } catch (error) {
    // The first failure is the one to report, whatever happens to the clearing up.
    if (aside && (await fs.stat(target).catch(() => null)) === null) await fs.rename(replaced, target).catch(() => {});
    else if (aside) await fs.remove(replaced).catch(() => {});
    await fs.remove(temporary).catch(() => {});
    throw named(error, target, needed);
  }
}

function* contentsOf({ state, weights, optimizer, best }: Checkpoint): Generator<readonly [CheckpointFile, () => Uint8Array]> {
  yield ["state.json", () => new TextEncoder().encode(encodeTrainState(state))];
  yield ["weights.safetensors", () => encodeSafetensors(weights)];
  yield ["optimizer.safetensors", () => encodeSafetensors(optimizer)];
  if (best !== null) yield ["best.safetensors", () => encodeSafetensors(best)];
}

function placeOf({ step, epoch, samplesSeen, best }: TrainState): Omit<Manifest, "files"> {
  return { step, epoch, atEpochEnd: samplesSeen === 0, isBest: best !== null && best.step === step };
}

async function writeFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.create(path);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function bytesOf({ weights, optimizer, best }: Checkpoint): number {
  let total = 0;
  for (const { data } of [...weights.values(), ...optimizer.values(), ...(best?.values() ?? [])]) total += data.byteLength;
  return total;
}

/** A full disk is reported for the checkpoint, with the bytes all of it needs. */
function named(error: unknown, path: string, needed: number): unknown {
  if (!(error instanceof StorageError)) return error;
  const { free } = error.facts;
  return new StorageError(error.code, error.sentence, {
    subject: `checkpoint ${path}`,
    facts: { path, needed, ...(typeof free === "number" ? { free } : {}) },
    hint: error.hint ?? "earlier checkpoints are intact and the weights are still in memory",
    cause: error,
  });
}

/** Finishes what a killed run left: half-built folders go, and one that stepped aside for nothing steps back. */
async function clearAbandoned(fs: FileSystem, parent: string): Promise<void> {
  const names = await fs.list(parent);
  for (const name of names) {
    const path = joinPath(parent, name);
    if (/^\.tmp-step-\d{8,15}-[0-9a-f]{8}$/.test(name)) await fs.remove(path);
    if (stepOf(name) === null || !name.endsWith(asideSuffix)) continue;
    const own = name.slice(0, -asideSuffix.length);
    if (names.includes(own)) await fs.remove(path);
    else await fs.rename(path, joinPath(parent, own));
  }
}

async function findLatest(fs: FileSystem, parent: string): Promise<Found | null> {
  if ((await fs.stat(parent)) === null) return null;
  const skipped: { path: string; error: GradusError }[] = [];
  const names = (await fs.list(parent)).filter((name) => stepOf(name) !== null).sort((a, b) => (stepOf(b) ?? 0) - (stepOf(a) ?? 0) || a.length - b.length);
  for (const name of names) {
    const path = joinPath(parent, name);
    try {
      return { path, checkpoint: await read(fs, path), skipped };
    } catch (error) {
      if (!(error instanceof GradusError)) throw error;
      skipped.push({ path, error });
    }
  }
  return null;
}

async function read(fs: FileSystem, path: string): Promise<Checkpoint> {
  const contents = await readVerified(fs, path, await readManifest(fs, path));
  const need = (name: CheckpointFile): Uint8Array => {
    const bytes = contents.get(name);
    if (bytes === undefined) throw new FormatError("checkpoint/incomplete", `the manifest does not name ${name}`, { subject: path });
    return bytes;
  };
  const best = contents.get("best.safetensors");
  return {
    state: parseTrainState(new TextDecoder().decode(need("state.json")), joinPath(path, "state.json")),
    weights: await decode(need("weights.safetensors")),
    optimizer: await decode(need("optimizer.safetensors")),
    best: best === undefined ? null : await decode(best),
  };
}

async function decode(bytes: Uint8Array): Promise<Weights> {
  await using file = await readSafetensors(bytes);
  const weights = new Map<string, HostTensor>();
  for (const name of file.names) weights.set(name, await file.get(name));
  return weights;
}
