import { homedir } from "node:os";
import process from "node:process";
import { digits, fashionMnist, type IdxSource, ImageDataset, mnist, type TrainAndTest } from "@gradus/data";
import { joinPath } from "@gradus/io";
import { formatCount } from "@gradus/train";
import { UsageError } from "./exit.ts";

export const dataSetNames = ["digits", "mnist", "fashion-mnist"] as const;
export type DataSetName = (typeof dataSetNames)[number];

export interface DataChoice {
  readonly data: DataSetName;
  readonly dataDir?: string | undefined;
  /** Images used of each half, at most. */
  readonly limit?: number | undefined;
  /** Leaves the training half of a set that is drawn empty. */
  readonly testOnly?: boolean;
  readonly signal?: AbortSignal;
  /** Takes lines about downloads. */
  readonly report: (line: string) => void;
}

/** How brightness is normalised: what a model must be given again to be used. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Loads both halves of a data set by its name. */
export async function loadDataSet({ data, dataDir, limit, testOnly = false, signal, report }: DataChoice): Promise<TrainAndTest> {
  const source = (): IdxSource => {
    if (dataDir !== undefined) return { folder: dataDir };
    const announced = new Set<string>();
    const onProgress = (file: string, _received: number, total: number | null): void => {
      if (announced.has(file)) return;
      announced.add(file);
      report(`downloading ${file}${total === null ? "" : ` (${formatCount(total / 1024)} KB)`} to ${cacheOf(data)}`);
    };
    return { cache: cacheOf(data), onProgress, ...(signal === undefined ? {} : { signal }) };
  };
  switch (data) {
    case "digits": {
      if (dataDir !== undefined) throw new UsageError("--data-dir has no meaning with --data digits", "that set is drawn on the spot");
      return { train: drawn("train", testOnly ? 0 : limit), test: drawn("test", limit) };
    }
    case "mnist":
      return limited(await mnist(source()), limit);
    case "fashion-mnist":
      return limited(await fashionMnist(source()), limit);
  }
}

/** The same images under another normalisation: that of the set a model was trained on. */
export function normalisedAs(set: ImageDataset, { mean, std }: Normalisation): ImageDataset {
  const { images, labels, shape, classes, description } = set;
  return new ImageDataset({ images, labels, shape, classes, description, mean, std });
}

const drawnCounts = { train: 12_000, test: 2_000 } as const;

function drawn(split: "train" | "test", limit: number | undefined): ImageDataset {
  return digits({ split, count: Math.min(limit ?? Number.POSITIVE_INFINITY, drawnCounts[split]) });
}

function limited({ train, test }: TrainAndTest, limit: number | undefined): TrainAndTest {
  return { train: train.slice(0, limit), test: test.slice(0, limit) };
}

function cacheOf(data: DataSetName): string {
  const base = process.env["GRADUS_CACHE"] ?? joinPath(process.env["XDG_CACHE_HOME"] ?? joinPath(homedir(), ".cache"), "gradus");
  return joinPath(base, data);
}
