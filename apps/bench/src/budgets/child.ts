import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs a script of this folder in a fresh process; its last line of output is a JSON object of numbers. */
export function numbersFrom(script: string, args: readonly string[] = [], flags: readonly string[] = []): Readonly<Record<string, number>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, "--conditions=gradus-source", path, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr.split("\n").find((line) => line.includes("Error")) ?? stderr.trim()}`);
  const value: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, number]) => [name, Number(number)]));
}
