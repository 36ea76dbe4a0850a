import { ArgumentError, type HostTensor } from "@gradus/tensor";

/** Anything with state by path: a model, an optimizer. */
interface Saved {
  stateDict(): Promise<ReadonlyMap<string, HostTensor>>;
}

/**
 * A model's state with the averages that its optimizer keeps in place of the parameters: what `exponentialAverage`,
 * `stochasticAverage` or `asgd` made. Buffers, and parameters without an average, are as the model has them.
 *
 * Example: `model.loadStateDict(await averagedWeights(model, optimizer))`.
 *
 * @throws ArgumentError if the optimizer keeps no average, or one of another model.
 */
export async function averagedWeights(model: Saved, optimizer: Saved): Promise<Map<string, HostTensor>> {
  const weights = new Map(await model.stateDict());
  const averages = [...(await optimizer.stateDict())].filter(([name]) => name.endsWith(ending));
  if (averages.length === 0) {
    throw new ArgumentError("optimizer/no-average", "the optimizer keeps no average of the weights", {
      subject: "averagedWeights",
      hint: "give it `after: [exponentialAverage()]`, or let it take its first step",
    });
  }
  for (const [name, average] of averages) {
    const path = name.slice(0, -ending.length);
    if (!weights.has(path)) {
      throw new ArgumentError("optimizer/other-model", `the optimizer averages ${path}, which the model does not have`, {
        subject: "averagedWeights",
      });
    }
    weights.set(path, average);
  }
  return weights;
}

const ending = "/average";
