import type { Layer } from "@gradus/nn";
import { type ModelFile, modelNamed } from "./model-file.ts";

/** The network a file holds, with its weights. Throws an `ArgumentError` if they are not that network's. */
export function loadNetwork({ note, weights }: ModelFile): Layer {
  const network = modelNamed(note.model).entry.make({ classes: note.classes.length });
  network.loadStateDict(weights);
  return network;
}
