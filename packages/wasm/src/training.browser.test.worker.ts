import { Engine } from "@gradus/compile";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { settled } from "./settled.ts";
import { TrainingStep } from "./training-step.test.harness.ts";

/** Trains in a web worker of its own, as an application does, and posts the losses and weights. */
self.addEventListener("message", ({ data }: MessageEvent<WasmOptions>) => void train(data));

async function train(options: WasmOptions): Promise<void> {
  const backend = new WasmBackend({ sharedWork: 0, ...options });
  const result = await new TrainingStep().train(new Engine(settled(backend)), 25);
  self.postMessage({ name: backend.name, result });
  backend.dispose();
}
