import { nodeFileSystem, readFile } from "@gradus/io";
import { ImageDataset, readIdx, readImage } from "@gradus/data";
import { FormatError, type Shape } from "@gradus/tensor";
import { loadDataSet, type Normalisation, type DataSetName } from "./data-sets.ts";
import { UsageError } from "./exit.ts";
import type { DataFlags } from "./flags.ts";

/** A picture as a model wants it. */
export interface Picture {
  /** Normalised, [c, h, w]. */
  readonly pixels: Float32Array;
  readonly shape: Shape;
  /** What it shows, where that is known. */
  readonly label: number | null;
}

const maxFileBytes = 1 << 28;

/** Reads pictures by what the command line calls them: a PNG's path, `FILE:N` in an IDX file, or `N` among a set's test images. */
export function pictureReader(note: Normalisation & { readonly data: DataSetName }, inputShape: Shape, flags: DataFlags): (name: string) => Promise<Picture> {
  const [channels = 1, height = 28, width = 28] = inputShape;
  const normalised = (pixels: Uint8Array, label: number | null): Picture => {
    const set = new ImageDataset({ images: pixels, labels: Uint8Array.of(0), shape: [channels, height, width], classes: ["?"], mean: note.mean, std: note.std });
    return { pixels: Float32Array.from(set.gather(Uint32Array.of(0)).image.data), shape: inputShape, label };
  };
  let testSet: Promise<ImageDataset> | null = null;
  return async (name) => {
    if (/^\d+$/.test(name)) {
      testSet ??= loadDataSet({ data: flags.data ?? note.data, dataDir: flags.dataDir, limit: flags.limit, testOnly: true, report: () => {} }).then(({ test }) => test);
      return fromSet(await testSet, Number(name), normalised);
    }
    const numbered = /^(.+):(\d+)$/.exec(name);
    if (numbered?.[1] !== undefined) return normalised(await fromIdx(numbered[1], Number(numbered[2]), inputShape), null);
    const { pixels } = await readImage(await readFile(nodeFileSystem(), name, maxFileBytes), { side: height });
    return normalised(pixels, null);
  };
}

function fromSet(set: ImageDataset, index: number, normalised: (pixels: Uint8Array, label: number | null) => Picture): Picture {
  if (index >= set.length) throw new UsageError(`there is no test image ${index}; there are ${set.length}, counted from 0`);
  const size = set.images.length / set.length;
  return normalised(set.images.subarray(index * size, (index + 1) * size), set.labels[index] ?? null);
}

async function fromIdx(path: string, index: number, inputShape: Shape): Promise<Uint8Array> {
  const { dtype, shape, data } = await readIdx(await readFile(nodeFileSystem(), path, maxFileBytes), { subject: path });
  const [count = 0, ...picture] = shape;
  if (dtype !== "uint8" || picture.join() !== inputShape.slice(-picture.length).join()) {
    throw new FormatError("cli/idx-pictures", `the file holds ${dtype}[${shape.join(", ")}] and the model takes uint8 pictures of [${inputShape.join(", ")}]`, { subject: path });
  }
  if (index >= count) throw new UsageError(`${path} has no image ${index}; it has ${count}, counted from 0`);
  const size = data.length / count;
  return Uint8Array.from(data.subarray(index * size, (index + 1) * size));
}
