import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Command, LibraryProcess } from "./library-process.ts";
import type { Launch } from "./running-library.ts";

/** A library with a thread count: one row of a table. */
export interface Contender {
  /** Unique in a run: `pytorch`, or `pytorch, 2 threads`. */
  readonly name: string;
  readonly library: string;
  readonly threads: number;
  readonly launch: Launch;
  /** Whether it is installed on demand into the folder of the peers. */
  readonly installed: boolean;
}

export function contenderName(library: string, threads: number): string {
  return threads === 1 ? library : `${library}, ${threads} threads`;
}

/** Libraries Gradus is measured beside, and whether each can use more than one thread in Node. */
export const peers = {
  "jax-js": { threads: false, installed: true },
  "tfjs-wasm": { threads: false, installed: true },
  "tfjs-cpu": { threads: false, installed: true },
  "onnxruntime-web": { threads: true, installed: true },
  "onnxruntime-node": { threads: true, installed: true },
  convnetjs: { threads: false, installed: true },
  pytorch: { threads: true, installed: false },
} as const;

export type PeerName = keyof typeof peers;

export function isPeer(name: string): name is PeerName {
  return Object.hasOwn(peers, name);
}

export interface Selection {
  readonly threads: readonly number[];
  /** Instruction levels of Gradus; empty for the best the host has. */
  readonly levels: readonly string[];
  readonly peers: readonly PeerName[];
}

/** Who takes part: Gradus first, on each thread count and level, then each peer on each thread count it can use. */
export function contenders({ threads, levels, peers: chosen }: Selection): Contender[] {
  const list = (levels.length === 0 ? [""] : levels).flatMap((level) =>
    threads.map((count) => contender(level === "" ? "gradus" : `gradus ${level}`, count, node("gradus", count, level), false)),
  );
  for (const name of chosen) {
    const { threads: many, installed } = peers[name];
    const counts = many ? threads : threads.slice(0, 1);
    for (const count of counts)
      list.push(contender(name, many ? count : 1, name === "pytorch" ? python(count) : node(name, count), installed));
  }
  return list;
}

/** One row: a library, and how it is started. */
export function contender(library: string, threads: number, command: Command, installed: boolean): Contender {
  return {
    name: contenderName(library, threads),
    library,
    threads,
    installed,
    launch: (patience) => new LibraryProcess(command, patience),
  };
}

/** Runs one of the programs in `libraries`. */
export function node(library: string, threads: number, level = ""): Command {
  // Where the benchmark was bundled, its libraries were too.
  const isSource = import.meta.url.endsWith(".ts");
  const script = fileURLToPath(new URL(`libraries/${library}.${isSource ? "ts" : "js"}`, import.meta.url));
  const conditions = isSource ? ["--conditions=gradus-source"] : [];
  return { file: process.execPath, args: [...conditions, script, String(threads), ...(level === "" ? [] : [level])] };
}

function python(threads: number): Command {
  const script = fileURLToPath(new URL("libraries/pytorch.py", import.meta.url));
  // Debian's OpenBLAS has threads of its own, which PyTorch's setting does not reach.
  return {
    file: pythonWithTorch(),
    args: [script, String(threads)],
    env: { OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
  };
}

let found: string | null = null;

/** The first Python that imports torch; `python3` when none does, whose failure then says so. */
function pythonWithTorch(): string {
  found ??=
    [process.env["GRADUS_PYTHON"] ?? "python3", "/usr/bin/python3"].find(
      (file) => spawnSync(file, ["-c", "import torch"], { stdio: "ignore" }).status === 0,
    ) ?? "python3";
  return found;
}
