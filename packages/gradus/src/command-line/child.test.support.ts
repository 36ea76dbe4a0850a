import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import { runCommandLine } from "./run.ts";

const entry = fileURLToPath(new URL("../cli.ts", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `gradus` on the sources in a process of its own. `watch` sees standard output as it comes, and may send signals. */
export function gradus(args: readonly string[], watch: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void = () => {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=gradus-source", entry, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      watch(stdout, (signal) => void child.kill(signal));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The objects of JSON lines; anything else on standard output throws. */
export function jsonLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (typeof value !== "object" || value === null) throw new RangeError(`no object: ${line}`);
      return Object.fromEntries(new Map<string, unknown>(Object.entries(value)));
    });
}

/** Runs `gradus` in this process: much faster to start, and enough where neither signals nor threads matter. */
export async function gradusHere(args: readonly string[]): Promise<Finished> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runCommandLine(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A path in a folder that lasts as long as the test. */
export function scratch(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gradus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}
