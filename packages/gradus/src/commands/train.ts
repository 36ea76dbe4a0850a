import process from "node:process";
import { Command, Option } from "commander";
import { systemClock } from "@gradus/io";
import type { Engine } from "@gradus/compile";
import { accuracy, checkpointFile, epochs, type FitResult, plainProgress, type Progress, terminalProgress, Trainer } from "@gradus/train";
import { type DataSetName, loadDataSet } from "../command-line/data-sets.ts";
import { precisionNames, trainDefaults } from "../command-line/defaults.ts";
import { ExitCode } from "../command-line/exit.ts";
import { addDataFlags, addJsonFlag, addRuntimeFlags, type OutputFlags } from "../command-line/flags.ts";
import { Interrupts } from "../command-line/interrupts.ts";
import { modelNamed, notesOf, readModelFile } from "../command-line/model-file.ts";
import { defaultLearningRate, makeOptimizer, type OptimizerName, optimizerNames } from "../command-line/optimizers.ts";
import { resumedPlan, type TrainFlags, type TrainPlan } from "../command-line/resume.ts";
import { openRuntime } from "../command-line/runtime-session.ts";
import { makeSchedule, scheduleNames } from "../command-line/schedules.ts";
import { epochLine, finalLine, stoppedLine } from "../command-line/train-json.ts";
import { number, wholeNumber } from "../command-line/values.ts";
import { checkWritable } from "../command-line/writable.ts";

export function trainCommand(): Command {
  const command = new Command("train")
    .description("trains a model; with --save, every epoch is kept and a stopped run can be resumed")
    .argument("[model]", `the model's name (default: ${trainDefaults.model})`);
  addDataFlags(command)
    .option("--epochs <n>", `passes over the training images (default: ${trainDefaults.epochs})`, wholeNumber(1))
    .option("--batch-size <n>", `images an update sees (default: ${trainDefaults.batchSize})`, wholeNumber(1))
    .option("--lr <x>", `learning rate (default: the optimizer's own, ${defaultLearningRate("sgd")} for sgd)`, number(0))
    .option("--momentum <x>", `momentum of sgd and lars (default: ${trainDefaults.momentum})`, number(0, 1))
    .addOption(named("--optimizer <name>", "the rule of the updates", optimizerNames, trainDefaults.optimizer))
    .addOption(named("--schedule <name>", "how the learning rate goes over the run", scheduleNames, trainDefaults.schedule))
    .option("--warmup <n>", `epochs over which the rate rises before that (default: ${trainDefaults.warmup})`, wholeNumber(0))
    .addOption(named("--precision <name>", "f16 multiplies halves and keeps float32 weights", precisionNames, trainDefaults.precision))
    .option("--seed <n>", `decides first weights and order (default: ${trainDefaults.seed})`, wholeNumber(0))
    .option("--save <file>", "keep weights, optimizer and progress in this file, whole, after every epoch and at the end")
    .option(
      "--resume <file>",
      "go on with the run in this file, at the very image it stopped at; saved there again unless --save names another",
    );
  addRuntimeFlags(command);
  return addJsonFlag(command, "epochs and the result").action(train);
}

function named(flag: string, about: string, names: readonly string[], standard: string): Option {
  return new Option(flag, `${about} (default: ${standard})`).choices(names);
}

async function train(model: string | undefined, flags: TrainFlags & OutputFlags): Promise<void> {
  using interrupts = new Interrupts(say);
  const plan = await planOf(model, flags);
  if (plan.save !== null) await checkWritable(plan.save);
  const data = await loadDataSet({ ...plan, signal: interrupts.signal, report: say }).catch((error: unknown) => {
    if (interrupts.code !== null) throw new ExitCode(interrupts.code);
    throw error;
  });
  const { entry } = modelNamed(plan.model);
  await using session = await openRuntime(plan.run.backend, plan.run.threads);
  const network = entry.make({ seed: plan.run.seed, classes: data.train.classes.length });
  const { seed, batchSize, precision } = plan.run;
  const trainer = new Trainer({
    model: network,
    optimizer: makeOptimizer(plan.run),
    schedule: makeSchedule(plan.run),
    metrics: [accuracy],
    seed,
    batchSize,
    precision,
  });
  const { classes, mean, std } = data.train;
  const notes = notesOf({ model: plan.model, data: plan.data, classes, mean, std }, plan.run);
  if (!(flags.json ?? false)) process.stdout.write(`${plan.model} on ${data.train.description}; ${session.engine.backend.name}\n`);
  const result = await trainer.fit({
    train: data.train,
    // The test images never choose the weights: the model keeps the last, and the best is of no account.
    validation: data.test,
    keep: "last",
    length: epochs(plan.run.epochs),
    extend: "hold",
    signal: interrupts.signal,
    progress: progressFor(flags.json ?? false),
    ...(plan.checkpoint === null ? {} : { resume: plan.checkpoint }),
    ...(plan.save === null ? {} : { save: checkpointFile(plan.save, { notes }) }),
  });
  const parameters = [...network.parameters()].reduce((count, [, { size }]) => count + size, 0);
  conclude({ result, flags, plan, parameters, engine: session.engine, interrupted: interrupts.code });
}

async function planOf(model: string | undefined, flags: TrainFlags): Promise<TrainPlan> {
  if (flags.resume !== undefined) return resumedPlan(await readModelFile(flags.resume), model, flags);
  const optimizer: OptimizerName = flags.optimizer ?? trainDefaults.optimizer;
  const data: DataSetName = flags.data ?? trainDefaults.data;
  return {
    model: modelNamed(model ?? trainDefaults.model).name,
    data,
    dataDir: flags.dataDir,
    limit: flags.limit,
    save: flags.save ?? null,
    checkpoint: null,
    run: {
      optimizer,
      learningRate: flags.lr ?? defaultLearningRate(optimizer),
      momentum: flags.momentum ?? trainDefaults.momentum,
      schedule: flags.schedule ?? trainDefaults.schedule,
      warmup: flags.warmup ?? trainDefaults.warmup,
      seed: flags.seed ?? trainDefaults.seed,
      batchSize: flags.batchSize ?? trainDefaults.batchSize,
      precision: flags.precision ?? trainDefaults.precision,
      epochs: flags.epochs ?? trainDefaults.epochs,
      limit: flags.limit ?? null,
      backend: flags.backend ?? "wasm",
      threads: flags.threads ?? null,
    },
  };
}

interface Conclusion {
  readonly result: FitResult;
  readonly flags: OutputFlags;
  readonly plan: TrainPlan;
  readonly parameters: number;
  readonly engine: Engine;
  readonly interrupted: number | null;
}

function conclude({ result, flags, plan, parameters, engine, interrupted }: Conclusion): void {
  const json = flags.json ?? false;
  switch (result.reason) {
    case "finished": {
      const { backend } = engine;
      const facts = { result, parameters, backend: plan.run.backend, threads: backend.threads, peakBytes: backend.memory().peakBytes };
      process.stdout.write(finalLine(facts, json));
      if (plan.save !== null) say(`saved to ${plan.save}`);
      return;
    }
    case "aborted":
      if (json) process.stdout.write(stoppedLine(result));
      if (plan.save === null) say(`stopped after step ${result.state.step}; nothing was saved, as --save was not given`);
      else say(`stopped after step ${result.state.step}; go on with: gradus train --resume ${shellWord(plan.save)}`);
      throw new ExitCode(interrupted ?? 1);
    case "non-finite":
    case "save-failed":
      if (json) process.stdout.write(stoppedLine(result));
      throw result.failure ?? new ExitCode(1);
  }
}

function progressFor(json: boolean): Progress {
  const stream = json ? process.stderr : process.stdout;
  const write = (text: string): void => void stream.write(text);
  const clock = systemClock();
  const live = stream.isTTY
    ? terminalProgress({ write, clock, columns: () => stream.columns, colour: (process.env["NO_COLOR"] ?? "") === "" })
    : plainProgress({ write, clock });
  if (!json) return live;
  return {
    ...live,
    epoch: (info) => {
      process.stdout.write(epochLine(info));
      if (stream.isTTY) live.epoch?.(info);
    },
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A path as a POSIX shell reads it back. */
function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
