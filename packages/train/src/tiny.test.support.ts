import { Engine } from "@gradus/compile";
import { type Dataset, type ImageBatch, ImageDataset } from "@gradus/data";
import { bind, type Context, Dropout, EVAL, Linear, Module } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { ReferenceBackend } from "@gradus/reference";
import { WasmBackend } from "@gradus/wasm";
import { flatten, relu, type Tensor, useRuntime } from "@gradus/tensor";
import { Trainer, type TrainerOptions } from "./index.ts";

/** Installs an engine of its own. Cells of the reference are float64, so only wasm repeats a saved run bit for bit. */
export function install(backend: "reference" | "wasm"): Engine {
  const engine = new Engine(backend === "wasm" ? new WasmBackend({ threads: 1 }) : new ReferenceBackend());
  useRuntime(engine);
  return engine;
}

/** Images of 2x2 in three classes: the class is the brightest of the first three pixels. */
export function tinyImages(count: number, from = 0): ImageDataset {
  const images = new Uint8Array(count * 4);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const n = i + from;
    labels[i] = (n * 7 + 1) % 3;
    for (let pixel = 0; pixel < 4; pixel++) images[4 * i + pixel] = (n * 37 + pixel * 59 + n * n * 11) % 100;
    images[4 * i + (labels[i] ?? 0)] = 180 + (n % 60);
  }
  return new ImageDataset({ images, labels, shape: [1, 2, 2], classes: ["a", "b", "c"] });
}

/** Two layers with dropout between them, so that random keys matter. */
export class TinyNet extends Module {
  readonly hidden = new Linear(4, 6);
  readonly dropout = new Dropout(0.3);
  readonly output = new Linear(6, 3);

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    return this.output.forward(this.dropout.forward(relu(this.hidden.forward(flatten(x))), ctx));
  }
}

export function tinyTrainer(options: Partial<Omit<TrainerOptions<ImageBatch>, "predict" | "model">> = {}) {
  const model = bind(new TinyNet(), 3);
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
  const trainer = new Trainer({ model, optimizer, batchSize: 8, seed: 5, ...options });
  return { model, optimizer, trainer };
}

/** A set whose `index`-th sample is handed out with pixels of NaN. */
export function poisoned(set: ImageDataset, index: number): Dataset<ImageBatch> {
  return {
    length: set.length,
    gather: (indices) => {
      const batch = set.gather(indices);
      const at = indices.indexOf(index);
      if (at >= 0) batch.image.data.fill(Number.NaN, 4 * at, 4 * at + 4);
      return batch;
    },
  };
}
