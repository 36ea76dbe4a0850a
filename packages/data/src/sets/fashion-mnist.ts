import type { Pin } from "@gradus/io";
import { loadIdxSet, type IdxFile, type IdxSet, type IdxSource, type TrainAndTest } from "./idx-set.ts";

/**
 * Loads Fashion-MNIST: 60,000 + 10,000 grey pictures of clothes, 28x28 in ten classes, from a folder or downloaded.
 *
 * Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017 (MIT licence).
 *
 * @throws FormatError for files that are not what they should be, StorageError, NetworkError.
 */
export function fashionMnist(source: IdxSource): Promise<TrainAndTest> {
  return loadIdxSet(fashionMnistSet, source);
}

function file(name: string, bytes: number, sha256: string): IdxFile {
  const pin: Pin = { of: "file", sha256 };
  return { name, pin, maxBytes: bytes };
}

/**
 * The sums are of the .gz files in the authors' repository, whose README gives their MD5; several public projects list these
 * SHA-256 beside those MD5 (Flux's data module, among others). An older edition of the files, since replaced, has other sums.
 */
export const fashionMnistSet: IdxSet = {
  title: "Fashion-MNIST",
  classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
  mean: 0.286,
  std: 0.353,
  mirrors: [
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
  ],
  train: {
    images: file("train-images-idx3-ubyte", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    labels: file("train-labels-idx1-ubyte", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
  },
  test: {
    images: file("t10k-images-idx3-ubyte", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    labels: file("t10k-labels-idx1-ubyte", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
  },
};
