import { readFile } from "node:fs/promises";
import process from "node:process";
import { Command, CommanderError } from "commander";
import { Fields } from "@gradus/train";
import { doctorCommand } from "../commands/doctor.ts";
import { evalCommand } from "../commands/eval.ts";
import { predictCommand } from "../commands/predict.ts";
import { summaryCommand } from "../commands/summary.ts";
import { trainCommand } from "../commands/train.ts";
import { ExitCode, UsageError } from "./exit.ts";
import { sentenceOf } from "./sentence.ts";

/** Runs one command and returns the exit code: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await (await program()).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof ExitCode) return error.code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`gradus: ${sentenceOf(error)}\n`);
    if (args.includes("--debug") && error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function program(): Promise<Command> {
  const root = new Command("gradus")
    .description("Trains and runs neural networks on kernels generated at run time.")
    .version(await version(), "--version", "print the version")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "gradus: ")) });
  const commands = [trainCommand(), evalCommand(), predictCommand(), summaryCommand(), doctorCommand()];
  for (const command of commands) {
    command.option("--debug", "print the stack of a failure").copyInheritedSettings(root);
    command.showHelpAfterError(`(known flags: ${command.options.map(({ long }) => long).join(", ")})`);
    root.addCommand(command);
  }
  return root.showHelpAfterError(`(known commands: ${commands.map((command) => command.name()).join(", ")})`);
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return Fields.parse(text, "package.json").text("version");
}
