import { ModelWriter, type Phase } from "./model-writer.ts";
import { type Model, type ModelName, models } from "./models.ts";
import type { PerfCase } from "./perf-case.ts";

/** A model's logits for a batch from the host, or a training step on it, named `lenet5 training batch 64`. */
export function modelCase(name: ModelName, phase: Phase, batch: number): PerfCase {
  const model: Model = models[name];
  const writer = new ModelWriter(phase, [batch, ...model.image]);
  const logits = model.write(writer);
  const { inputs, steps } = writer;
  if (phase === "training")
    inputs.push({ name: "label", shape: [batch], dtype: "int32", draw: { kind: "integers", below: 10 }, role: "batch" });
  return {
    name: `${name} ${phase} batch ${batch}`,
    work: { unit: "images/s", images: batch },
    // Behind batch norm, inputs of a ReLU lie around 0: one that rounding takes across it changes a bias's gradient by a hundredth.
    tolerance: name === "resnet20" && phase === "training" ? 5e-2 : 1e-3,
    inputs,
    steps,
    mode:
      phase === "forward"
        ? { kind: "evaluate", outputs: [logits] }
        : { kind: "training", logits, label: "label", learningRate: 0.01, momentum: 0.9 },
  };
}
