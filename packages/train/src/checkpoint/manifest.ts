import { FormatError, StorageError } from "@gradus/tensor";
import { type FileSystem, joinPath, readFile, sha256 } from "@gradus/io";
import { Fields } from "../state/fields.ts";

/** The files a checkpoint folder may hold besides its manifest; a manifest cannot name any other. */
export const checkpointFiles = ["state.json", "weights.safetensors", "optimizer.safetensors", "best.safetensors"] as const;
export type CheckpointFile = (typeof checkpointFiles)[number];

export const manifestName = "manifest.json";
const formatName = "gradus-checkpoint";
const maxManifestBytes = 1 << 20;

/** What a checkpoint folder holds; written last, so a folder with one that verifies is whole. */
export interface Manifest {
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** True if no sample of the next epoch was used yet. */
  readonly atEpochEnd: boolean;
  /** The best value of the monitored metric was reached at this very step. */
  readonly isBest: boolean;
  readonly files: readonly { readonly name: CheckpointFile; readonly bytes: number; readonly sha256: string }[];
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: formatName, version: 1, ...manifest }, null, 2)}\n`);
}

/**
 * Reads a checkpoint folder's manifest, without looking at the files it names.
 *
 * @throws FormatError if it is not one, StorageError if it cannot be read.
 */
export async function readManifest(fs: FileSystem, folder: string): Promise<Manifest> {
  const path = joinPath(folder, manifestName);
  const bytes = await readFile(fs, path, maxManifestBytes);
  const fields = Fields.parse(new TextDecoder().decode(bytes), path);
  fields.oneOf("format", [formatName]);
  const version = fields.whole("version");
  if (version !== 1) throw new FormatError("checkpoint/version", `the checkpoint has version ${version} of the format and this Gradus reads version 1`, { subject: path });
  return {
    step: fields.whole("step"),
    epoch: fields.whole("epoch"),
    atEpochEnd: fields.truth("atEpochEnd"),
    isBest: fields.truth("isBest"),
    files: fields.list("files").map((file) => ({ name: file.oneOf("name", checkpointFiles), bytes: file.whole("bytes"), sha256: file.text("sha256") })),
  };
}

/**
 * Reads every file a manifest names and checks its length and SHA-256.
 *
 * @throws FormatError `checkpoint/damaged` that names the file and what differs.
 */
export async function readVerified(fs: FileSystem, folder: string, manifest: Manifest): Promise<ReadonlyMap<CheckpointFile, Uint8Array>> {
  const contents = new Map<CheckpointFile, Uint8Array>();
  for (const { name, bytes: expected, sha256: sum } of manifest.files) {
    const path = joinPath(folder, name);
    const damaged = (sentence: string) => new FormatError("checkpoint/damaged", sentence, { subject: path });
    const stat = await fs.stat(path);
    if (stat === null) throw new StorageError("storage/missing", "the manifest names a file that is not there", { subject: path, facts: { path } });
    if (stat.size !== expected) throw damaged(`the file has ${stat.size} bytes and the manifest says ${expected}`);
    const bytes = await readFile(fs, path, expected);
    if (sha256(bytes) !== sum) throw damaged("the file's SHA-256 is not the manifest's");
    contents.set(name, bytes);
  }
  return contents;
}
