import { WasmBackend } from "@gradus/wasm";
import { compile, createRuntime, crossEntropy, digits, lenet5, loader, sgd, type Tensor, TRAIN, useRuntime, valueAndGrad } from "gradus";

/** What to train with, and for how long. */
export interface Training {
  readonly backend: "wasm" | "webgpu";
  /** All the cores there are when null. */
  readonly threads: number | null;
  readonly steps: number;
  readonly batchSize: number;
}

/** What is told of a training as it goes. */
export type News =
  | { readonly kind: "begun"; readonly backend: string }
  | { readonly kind: "losses"; readonly losses: readonly number[] }
  | { readonly kind: "done"; readonly seconds: number };

type Batch = { readonly image: Tensor; readonly label: Tensor };

/**
 * Trains LeNet-5 on the built-in digits: the same weights, batches and steps, whatever computes.
 *
 * Steps are asked for ahead of their losses: where the host looks for results only now and then, as Firefox does
 * between turns of its event loop, one look finds several.
 */
export async function train({ backend, threads, steps, batchSize }: Training, tell: (news: News) => void): Promise<void> {
  const runtime = await createRuntime({ backend, ...(threads === null ? {} : { threads }) });
  useRuntime(runtime);
  try {
    tell({ kind: "begun", backend: runtime.name });
    const model = lenet5({ seed: 1 });
    const optimizer = sgd({ learningRate: 0.02, momentum: 0.9 });
    const step = compile(({ image, label }: Batch) => {
      const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), label));
      optimizer.apply(model, grads, { loss });
      return loss;
    });
    const begun = performance.now();
    let asked: Promise<number>[] = [];
    const told = async (): Promise<void> => {
      tell({ kind: "losses", losses: await Promise.all(asked) });
      asked = [];
      await turn();
    };
    for await (const { image, label } of loader(digits({ split: "train", count: steps * batchSize }), { batchSize, seed: 1 })) {
      asked.push(step({ image, label }).item());
      if (asked.length === ahead) await told();
      // Training need not wait for worker threads; waiting shows whether they come.
      if (runtime.backend instanceof WasmBackend) await runtime.backend.ready();
    }
    await told();
    tell({ kind: "done", seconds: (performance.now() - begun) / 1000 });
  } finally {
    await runtime.dispose();
  }
}

const ahead = 4;

/** Lets the host paint and take in messages: on WebAssembly steps are done at once, and nothing else would. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
