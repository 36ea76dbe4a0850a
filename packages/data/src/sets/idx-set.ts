import { ArgumentError, FormatError, type HostTensor, StorageError } from "@gradus/tensor";
import {
  download,
  fetchNetwork,
  joinPath,
  nodeFileSystem,
  nodeLockOwner,
  readFile,
  systemClock,
  type Clock,
  type FileSystem,
  type LockOwner,
  type Network,
  type Pin,
} from "@gradus/io";
import { readIdx } from "../idx.ts";
import { ImageDataset } from "../image/image-dataset.ts";

/** One of a set's four files. */
export interface IdxFile {
  /** The name without `.gz`. */
  readonly name: string;
  readonly pin: Pin;
  /** The most bytes its gzip may have. */
  readonly maxBytes: number;
}

/** A set of labelled grey images published as four gzipped IDX files. */
export interface IdxSet {
  readonly title: string;
  readonly classes: readonly string[];
  /** Of the training images' brightness in 0 to 1. */
  readonly mean: number;
  readonly std: number;
  /** Folders of the files, ending in `/`, in order of preference. */
  readonly mirrors: readonly string[];
  readonly train: { readonly images: IdxFile; readonly labels: IdxFile };
  readonly test: { readonly images: IdxFile; readonly labels: IdxFile };
}

/** Files already there: a folder with the four IDX files, gzipped or not. They are checked for form, not against the published sums. */
export interface FolderSource {
  readonly folder: string;
  readonly fs?: FileSystem;
}

/** Files kept in a cache folder and downloaded into it, once, against their published sums. */
export interface CacheSource {
  readonly cache: string;
  readonly fs?: FileSystem;
  readonly network?: Network;
  readonly clock?: Clock;
  readonly owner?: LockOwner;
  /** Other folders to download from, each ending in `/`. */
  readonly mirrors?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (file: string, received: number, total: number | null) => void;
  /** Takes plain http from this machine itself, for tests. */
  readonly allowHttpFromLoopback?: boolean;
}

export type IdxSource = FolderSource | CacheSource;

export interface TrainAndTest {
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/** Loads both halves of a set. */
export async function loadIdxSet(set: IdxSet, source: IdxSource): Promise<TrainAndTest> {
  const read = "folder" in source ? fromFolder(set, source) : fromCache(set, source);
  return { train: await half(set, "train", read), test: await half(set, "test", read) };
}

type ReadFile = (file: IdxFile) => Promise<HostTensor>;

async function half(set: IdxSet, part: "train" | "test", read: ReadFile): Promise<ImageDataset> {
  const images = await read(set[part].images);
  const labels = await read(set[part].labels);
  const [count, height, width] = images.shape;
  if (images.dtype !== "uint8" || images.shape.length !== 3 || count === undefined || height === undefined || width === undefined) {
    throw new FormatError("data/images", `images are uint8 [n, h, w] and the file holds ${images.dtype} [${images.shape.join(", ")}]`, {
      subject: set[part].images.name,
    });
  }
  if (labels.dtype !== "uint8" || labels.shape.length !== 1) {
    throw new FormatError("data/labels", `labels are uint8 [n] and the file holds ${labels.dtype} [${labels.shape.join(", ")}]`, {
      subject: set[part].labels.name,
    });
  }
  if (labels.shape[0] !== count) {
    throw new FormatError("data/label-count", `there are ${count} images and ${labels.shape[0] ?? 0} labels`, {
      subject: `${set.title} ${part}`,
      hint: "the files belong to different sets or halves",
    });
  }
  try {
    return new ImageDataset({
      images: new Uint8Array(images.data.buffer, images.data.byteOffset, images.data.length),
      labels: new Uint8Array(labels.data.buffer, labels.data.byteOffset, labels.data.length),
      shape: [1, height, width],
      classes: set.classes,
      mean: [set.mean],
      std: [set.std],
      description: `${set.title}, ${part}: ${count} images`,
    });
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new FormatError("data/label-range", cause.sentence, { subject: set[part].labels.name, cause });
  }
}

function fromFolder(set: IdxSet, { folder, fs = nodeFileSystem() }: FolderSource): ReadFile {
  return async ({ name }) => {
    for (const spelling of [`${name}.gz`, name]) {
      const path = joinPath(folder, spelling);
      if ((await fs.stat(path))?.kind === "file") return readIdx(await readFile(fs, path, 1 << 30), { subject: path });
    }
    throw new StorageError("data/missing-file", `${folder} holds neither ${name}.gz nor ${name}`, {
      facts: { path: folder },
      hint: `${set.title} is four files: ${[set.train, set.test].flatMap(({ images, labels }) => [images.name, labels.name]).join(", ")}, each plain or .gz`,
    });
  };
}

function fromCache(set: IdxSet, source: CacheSource): ReadFile {
  const {
    cache,
    fs = nodeFileSystem(),
    network = fetchNetwork(),
    clock = systemClock(),
    mirrors = set.mirrors,
    signal,
    onProgress,
    allowHttpFromLoopback = false,
  } = source;
  return async ({ name, pin, maxBytes }) => {
    const file = `${name}.gz`;
    const path = joinPath(cache, file);
    await download(path, {
      fs,
      network,
      clock,
      owner: source.owner ?? (await nodeLockOwner()),
      mirrors: mirrors.map((mirror) => mirror + file),
      pin,
      maxBytes,
      allowHttpFromLoopback,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: (received: number, total: number | null) => onProgress(file, received, total) }),
    });
    return readIdx(await readFile(fs, path, maxBytes), { subject: path });
  };
}
