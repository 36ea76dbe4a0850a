import { ArgumentError, type HostTensor } from "@gradus/tensor";
import type { Dataset } from "../dataset.ts";

/** `image`: float32 [b, c, h, w], normalised; `label`: int32 [b]. */
export type ImageBatch = {
  readonly image: HostTensor & { readonly dtype: "float32"; readonly data: Float32Array };
  readonly label: HostTensor & { readonly dtype: "int32"; readonly data: Int32Array };
};

export interface ImageDatasetOptions {
  /** Brightness 0 to 255, [n, c, h, w] in one run. */
  readonly images: Uint8Array;
  /** The class of each image. */
  readonly labels: Uint8Array;
  /** Channels, height and width. */
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  /** What `gather` subtracts from each channel's brightness in 0 to 1; 0 by default. */
  readonly mean?: readonly number[];
  /** What it then divides by; 1 by default. */
  readonly std?: readonly number[];
  /** What the set is and where it comes from, for people. */
  readonly description?: string;
}

/** Labelled images kept as bytes, a quarter of what float32 takes, and normalised as they are gathered: (v / 255 - mean) / std. */
export class ImageDataset implements Dataset<ImageBatch> {
  readonly length: number;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly description: string;
  /** Each channel's 256 brightnesses, normalised. */
  readonly #tables: readonly Float32Array[];

  /** Throws an `ArgumentError` where sizes disagree or a label has no class. */
  constructor({ images, labels, shape, classes, mean, std, description = "" }: ImageDatasetOptions) {
    const [channels, height, width] = shape;
    const size = channels * height * width;
    if (images.length !== labels.length * size) {
      throw new ArgumentError("data/image-count", `${images.length} bytes are not ${labels.length} images of [${shape.join(", ")}]`, {
        facts: { bytes: images.length, labels: labels.length, shape },
      });
    }
    const stray = labels.findIndex((label) => label >= classes.length);
    if (stray >= 0)
      throw new ArgumentError(
        "data/label-range",
        `label ${labels[stray] ?? 0} of image ${stray} is none of the ${classes.length} classes`,
        { facts: { image: stray } },
      );
    this.mean = mean ?? new Array<number>(channels).fill(0);
    this.std = std ?? new Array<number>(channels).fill(1);
    if (this.mean.length !== channels || this.std.length !== channels || this.std.some((value) => !(value > 0))) {
      throw new ArgumentError("data/normalisation", `mean and std need ${channels} values, std above 0`, {
        facts: { mean: this.mean, std: this.std },
      });
    }
    this.#tables = this.mean.map((m, channel) =>
      Float32Array.from({ length: 256 }, (_, value) => (value / 255 - m) / (this.std[channel] ?? 1)),
    );
    this.length = labels.length;
    this.images = images;
    this.labels = labels;
    this.shape = shape;
    this.classes = classes;
    this.description = description;
  }

  gather(indices: Uint32Array): ImageBatch {
    const [channels, height, width] = this.shape;
    const plane = height * width;
    const image = new Float32Array(indices.length * channels * plane);
    const label = new Int32Array(indices.length);
    const { images, labels } = this;
    let to = 0;
    for (let sample = 0; sample < indices.length; sample++) {
      const index = indices[sample] ?? 0;
      if (index >= this.length)
        throw new ArgumentError("data/index", `there is no image ${index} among ${this.length}`, { facts: { index, length: this.length } });
      label[sample] = labels[index] ?? 0;
      let from = index * channels * plane;
      for (const table of this.#tables) for (const end = to + plane; to < end;) image[to++] = table[images[from++] ?? 0] ?? 0;
    }
    return {
      image: { dtype: "float32", shape: [indices.length, channels, height, width], data: image },
      label: { dtype: "int32", shape: [indices.length], data: label },
    };
  }

  /** The images from `begin` up to `end`, sharing this set's memory. */
  slice(begin: number, end: number = this.length): ImageDataset {
    const [channels, height, width] = this.shape;
    const size = channels * height * width;
    const [from, to] = [Math.min(begin, this.length), Math.min(end, this.length)];
    return new ImageDataset({
      images: this.images.subarray(from * size, Math.max(from, to) * size),
      labels: this.labels.subarray(from, Math.max(from, to)),
      shape: this.shape,
      classes: this.classes,
      mean: this.mean,
      std: this.std,
      description: this.description,
    });
  }
}
