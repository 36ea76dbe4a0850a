import type { Pin } from "@gradus/io";
import { loadIdxSet, type IdxFile, type IdxSet, type IdxSource, type TrainAndTest } from "./idx-set.ts";

/**
 * Loads MNIST: 60,000 + 10,000 handwritten digits of 28x28, from a folder or downloaded.
 *
 * ```ts
 * const { train, test } = await mnist({ folder: "data/mnist" });
 * ```
 *
 * Downloads are pinned by the SHA-256 of what the gzip holds, since mirrors pack the same file differently.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
 *
 * @throws FormatError for files that are not what they should be, StorageError, NetworkError.
 */
export function mnist(source: IdxSource): Promise<TrainAndTest> {
  return loadIdxSet(mnistSet, source);
}

function file(name: string, bytes: number, sha256: string, maxBytes: number): IdxFile {
  const pin: Pin = { of: "contents", sha256, bytes };
  return { name, pin, maxBytes };
}

/** The sums are those of the inflated files; the images' MD5 is the published 6bbc9ace898e44ae57da46a324031adb. */
export const mnistSet: IdxSet = {
  title: "MNIST",
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  mean: 0.1307,
  std: 0.3081,
  mirrors: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
  train: {
    images: file("train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 11_000_000),
    labels: file("train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 64_000),
  },
  test: {
    images: file("t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 2_000_000),
    labels: file("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 16_000),
  },
};
