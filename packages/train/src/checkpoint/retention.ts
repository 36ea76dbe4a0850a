import { ArgumentError, GradusError } from "@gradus/tensor";
import { type FileSystem, joinPath } from "@gradus/io";
import type { Epochs, Steps } from "../duration.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { asideSuffix, stepOf } from "./names.ts";

/** Which checkpoints stay: the union of the three. */
export interface Keep {
  /** The newest so many; 2 by default, at least 1. */
  readonly last?: number;
  /** The newest so many of those that were the best when they were saved; 1 by default. */
  readonly best?: number;
  /** One at each multiple, for good. */
  readonly every?: Epochs | Steps;
}

/**
 * Removes the checkpoints that `keep` does not cover. The caller has made sure that the newest verifies.
 *
 * Folders without a readable manifest of ours are never touched. A checkpoint is renamed before it is removed,
 * so that a reader never meets half of one.
 */
export async function removeOld(fs: FileSystem, parent: string, { last = 2, best = 1, every }: Keep): Promise<void> {
  if (!(Number.isSafeInteger(last) && last >= 1) || !(Number.isSafeInteger(best) && best >= 0)) {
    throw new ArgumentError("checkpoint/keep", `keep needs last of at least 1 and best of at least 0, not ${last} and ${best}`, { subject: "keep" });
  }
  const found = await ours(fs, parent);
  const bestOnes = found.filter(({ manifest }) => manifest.isBest).slice(0, best);
  const kept = new Set([...found.slice(0, last), ...bestOnes, ...found.filter(({ manifest }) => every !== undefined && atMultiple(manifest, every))]);
  for (const entry of found) {
    if (kept.has(entry)) continue;
    const doomed = joinPath(parent, `.tmp-${entry.name}-${crypto.randomUUID().slice(0, 8)}`);
    await fs.rename(joinPath(parent, entry.name), doomed);
    await fs.remove(doomed);
  }
}

/** Checkpoints of ours, the newest first. */
async function ours(fs: FileSystem, parent: string): Promise<readonly { readonly name: string; readonly manifest: Manifest }[]> {
  const found: { name: string; manifest: Manifest }[] = [];
  for (const name of await fs.list(parent)) {
    const step = stepOf(name);
    if (step === null || name.endsWith(asideSuffix)) continue;
    try {
      const manifest = await readManifest(fs, joinPath(parent, name));
      if (manifest.step === step) found.push({ name, manifest });
    } catch (error) {
      if (!(error instanceof GradusError)) throw error;
    }
  }
  return found.sort((a, b) => b.manifest.step - a.manifest.step);
}

function atMultiple({ epoch, step, atEpochEnd }: Manifest, every: Epochs | Steps): boolean {
  return every.unit === "steps" ? step % every.amount === 0 : atEpochEnd && epoch % every.amount === 0;
}
