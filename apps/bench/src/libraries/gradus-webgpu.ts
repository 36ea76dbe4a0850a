// Gradus on its WebGPU backend, in Node through Dawn.
import { Engine } from "@gradus/compile";
import { prepareCase } from "@gradus/conformance/perf";
import { useRuntime } from "@gradus/tensor";
import { WebgpuBackend } from "@gradus/webgpu";
import { folderTuningStore, nodeGpu } from "@gradus/webgpu/node";
import { serve } from "./library.ts";

await serve(async () => {
  const backend = await WebgpuBackend.create({ gpu: await nodeGpu(), tuningStore: folderTuningStore() });
  useRuntime(new Engine(backend));
  return { version: `WebGPU on ${backend.adapter}${backend.software ? " (software)" : ""}`, prepare: prepareCase };
});
