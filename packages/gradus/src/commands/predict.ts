import process from "node:process";
import { Command } from "commander";
import { EVAL } from "@gradus/nn";
import { softmax, tensor } from "@gradus/tensor";
import { formatPercent } from "@gradus/train";
import { addDataFlags, addJsonFlag, addRuntimeFlags, type DataFlags, type OutputFlags, type RuntimeFlags } from "../command-line/flags.ts";
import { loadNetwork } from "../command-line/load-network.ts";
import { modelNamed, readModelFile } from "../command-line/model-file.ts";
import { pictureReader } from "../command-line/pictures.ts";
import { openRuntime } from "../command-line/runtime-session.ts";

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("says what a saved model takes pictures for")
    .argument("<file>", "a file that gradus train --save wrote")
    .argument("<image...>", "a PNG file, FILE:N for image N of an IDX file, or N for test image N of the data set");
  addDataFlags(command);
  addRuntimeFlags(command);
  return addJsonFlag(command, "one object for each picture").action(predict);
}

async function predict(path: string, names: readonly string[], flags: DataFlags & RuntimeFlags & OutputFlags): Promise<void> {
  const file = await readModelFile(path);
  const read = pictureReader(file.note, modelNamed(file.note.model).entry.inputShape, flags);
  await using _session = await openRuntime(flags.backend ?? "wasm", flags.threads ?? null);
  const model = loadNetwork(file);
  for (const name of names) {
    const { pixels, shape, label } = await read(name);
    const probabilities = await softmax(model.forward(tensor(pixels, { shape: [1, ...shape] }), EVAL), { axis: 1 }).data();
    const ranked = [...probabilities].map((probability, index) => ({ class: file.note.classes[index] ?? String(index), probability })).sort((a, b) => b.probability - a.probability);
    const actual = label === null ? null : (file.note.classes[label] ?? String(label));
    process.stdout.write(flags.json ?? false ? jsonLine(name, ranked, actual) : textLine(name, ranked, actual));
  }
}

interface Ranked {
  readonly class: string;
  readonly probability: number;
}

function jsonLine(image: string, ranked: readonly Ranked[], actual: string | null): string {
  const [first] = ranked;
  return `${JSON.stringify({ image, class: first?.class, probability: first?.probability, ...(actual === null ? {} : { label: actual }), top: ranked.slice(0, 5) })}\n`;
}

function textLine(image: string, ranked: readonly Ranked[], actual: string | null): string {
  const [first, ...others] = ranked.slice(0, 3).map(({ class: name, probability }) => `${name} ${formatPercent(probability) ?? ""}`);
  return `${image}: ${first ?? "nothing"} (then ${others.join(", ")})${actual === null ? "" : `; it is ${actual}`}\n`;
}
