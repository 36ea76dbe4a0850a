import process from "node:process";
import { Command } from "commander";
import { sgd } from "@gradus/optim";
import { accuracy, confusionMatrix, formatCount, formatLoss, formatPercent, type MetricValue, top5, Trainer } from "@gradus/train";
import { loadDataSet, normalisedAs } from "../command-line/data-sets.ts";
import { ExitCode } from "../command-line/exit.ts";
import { addDataFlags, addJsonFlag, addRuntimeFlags, type DataFlags, type OutputFlags, type RuntimeFlags } from "../command-line/flags.ts";
import { Interrupts } from "../command-line/interrupts.ts";
import { loadNetwork } from "../command-line/load-network.ts";
import { readModelFile } from "../command-line/model-file.ts";
import { openRuntime } from "../command-line/runtime-session.ts";

export function evalCommand(): Command {
  const command = new Command("eval").description("scores a saved model on the test images of a data set").argument("<file>", "a file that gradus train --save wrote");
  addDataFlags(command);
  addRuntimeFlags(command);
  return addJsonFlag(command, "the scores").action(evaluate);
}

async function evaluate(path: string, flags: DataFlags & RuntimeFlags & OutputFlags): Promise<void> {
  using interrupts = new Interrupts((line) => void process.stderr.write(`${line}\n`));
  const file = await readModelFile(path);
  const data = flags.data ?? file.note.data;
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const { test } = await loadDataSet({ data, dataDir: flags.dataDir, limit: flags.limit, testOnly: true, signal: interrupts.signal, report });
  const set = normalisedAs(test, file.note);
  await using session = await openRuntime(flags.backend ?? "wasm", flags.threads ?? null);
  const model = loadNetwork(file);
  const classes = file.note.classes.length;
  const trainer = new Trainer({ model, optimizer: sgd({ learningRate: 0 }), metrics: [accuracy, top5, confusionMatrix(classes)], batchSize: 100 });
  const scores = await trainer.evaluate(set, { signal: interrupts.signal }).catch((error: unknown) => {
    if (interrupts.code !== null) throw new ExitCode(interrupts.code);
    throw error;
  });
  const { loss, accuracy: right, top5: amongFive, confusion } = scores;
  if (flags.json ?? false) {
    process.stdout.write(`${JSON.stringify({ data, images: set.length, testLoss: loss, testAccuracy: right, top5: amongFive, confusion, backend: flags.backend ?? "wasm", threads: session.engine.backend.threads })}\n`);
    return;
  }
  process.stdout.write(
    [
      `${file.note.model} on ${set.description}`,
      `loss ${formatLoss(loss)}; accuracy ${formatPercent(right) ?? "unknown"}; among the first five ${formatPercent(amongFive) ?? "unknown"}`,
      "true class (row) against answer (column):",
      ...table(file.note.classes, confusion),
      "",
    ].join("\n"),
  );
}

function table(classes: readonly string[], confusion: MetricValue | undefined): readonly string[] {
  const rows = Array.isArray(confusion) ? confusion.map((row: number | readonly number[]) => (typeof row === "number" ? [row] : row)) : [];
  const cells = [["", ...classes], ...rows.map((row, i) => [classes[i] ?? "", ...row.map((count) => (count === 0 ? "." : formatCount(count)))])];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  return cells.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "));
}
