import process from "node:process";
import { Command } from "commander";
import { summary } from "@gradus/nn";
import { addJsonFlag, type OutputFlags } from "../command-line/flags.ts";
import { modelNamed } from "../command-line/model-file.ts";

export function summaryCommand(): Command {
  const command = new Command("summary")
    .description("what a model consists of: layers, shapes, parameters, multiply-accumulates, memory, receptive fields")
    .argument("<model>", "the model's name");
  return addJsonFlag(command, "the summary").action(print);
}

function print(name: string, flags: OutputFlags): void {
  const { entry } = modelNamed(name);
  const result = summary(entry.make(), entry.inputShape);
  if (flags.json ?? false) process.stdout.write(`${JSON.stringify({ name, description: entry.description, ...result, toString: undefined })}\n`);
  else process.stdout.write(`${name}: ${entry.description}\n${result.toString()}\n`);
}
