import { closeSync, openSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Level } from "@gradus/wasm";
import { isPagePeer, type PagePeerName, pagePeers } from "./browser/page-peers.ts";
import { isPeer, type PeerName, peers } from "./contenders.ts";
import { type GpuPeerName, gpuPeers, isGpuPeer } from "./gpu/gpu-contenders.ts";

export interface Options {
  /** Words that a case's or a budget's name must contain, one of them at least; empty for all cases. */
  readonly filters: readonly string[];
  readonly threads: readonly number[];
  readonly levels: readonly Level[];
  /** Those of processes, or with `browser` those of pages. */
  readonly peers: readonly (PeerName | PagePeerName | GpuPeerName)[];
  /** Measure on the GPU, in Node through Dawn. */
  readonly gpu: boolean;
  /** Measure in pages of headless Chromium, not in processes of Node. */
  readonly browser: boolean;
  readonly json: string | null;
  /** Where to write the report as a page. */
  readonly html: string | null;
  /** How much longer or shorter than usual to measure. */
  readonly effort: number;
  /** Measure everything, and rewrite docs/performance.md and README.md from it. */
  readonly docs: boolean;
}

export const usage = `usage: pnpm bench [FILTER ...] [--threads 1,2] [--peers [NAME,...]] [--levels relaxed,simd,scalar] [--effort X]
                               [--browser] [--json FILE] [--html FILE]
       pnpm bench --gpu [FILTER ...] [--peers [NAME,...]] [--effort X] [--json FILE]   on WebGPU, in Node
       pnpm bench budgets [--json FILE]
       pnpm bench profile FILTER ... [--threads 1,2] [--levels ...]   where the time of Gradus's own cases goes, kernel by kernel
       pnpm bench --docs [--peers NAME,...]   everything, with every peer or those named, into docs/performance.md and README.md
       pnpm bench render FILE [--html FILE]   both again, or such a page, from a FILE that --json wrote
       pnpm bench compare OLD NEW             which contender became slower or faster; fails if Gradus became slower
--browser measures in pages of headless Chromium, the one on PATH or in CHROMIUM_PATH
peers: ${Object.keys(peers).join(", ")}; --peers without names means all of them
peers with --browser: ${Object.keys(pagePeers).join(", ")}
peers with --gpu: ${gpuPeers.join(", ")}`;

/** Thrown for arguments that mean nothing; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws UsageError. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(withPeerNames(args));
  const docs = values.docs ?? false;
  const browser = values.browser ?? false;
  const gpu = values.gpu ?? false;
  if (gpu && (docs || browser)) throw new UsageError("--gpu measures other cases in Node: leave --docs and --browser out");
  if (browser && (docs || positionals[0] === "budgets")) throw new UsageError("budgets and --docs measure in Node: leave --browser out");
  const effort = Number(values.effort ?? 1);
  if (!(effort > 0)) throw new UsageError(`--effort takes a number above 0, not ${values.effort ?? ""}`);
  return {
    filters: positionals,
    threads: docs ? [1, 2] : list(values.threads ?? "1").map(threadCount),
    levels: list(values.levels ?? "").map(level),
    peers: chosenPeers(values.peers ?? (docs ? "all" : ""), gpu ? "gpu" : browser ? "browser" : "node"),
    gpu,
    browser,
    json: writable("json", values.json),
    html: writable("html", values.html),
    effort,
    docs,
  };
}

function parse(args: string[]): ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>> {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const flags = {
  threads: { type: "string" },
  levels: { type: "string" },
  peers: { type: "string" },
  json: { type: "string" },
  html: { type: "string" },
  effort: { type: "string" },
  browser: { type: "boolean" },
  gpu: { type: "boolean" },
  docs: { type: "boolean" },
} as const;

/** Gives `--peers` its value where it stands without names: at the end, before another flag or before a filter. */
function withPeerNames(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (arg !== "--peers") return [arg];
    const next = args[i + 1] ?? "";
    return next === "all" || list(next).some((name) => isPeer(name) || isPagePeer(name) || isGpuPeer(name)) ? [arg] : [arg, "all"];
  });
}

function list(text: string): string[] {
  return text.split(",").filter((item) => item !== "");
}

/** A file that can be written: better known now than after the run. */
function writable(flag: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    throw new UsageError(`--${flag}: ${path} cannot be written (${error instanceof Error ? error.message : String(error)})`);
  }
  return path;
}

function threadCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new UsageError(`--threads takes whole numbers from 1 to 64, not ${text}`);
}

function level(text: string): Level {
  const found = (["relaxed", "simd", "scalar"] as const).find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(`--levels takes relaxed, simd and scalar, not ${text}`);
}

type Where = "node" | "browser" | "gpu";

function chosenPeers(text: string, where: Where): (PeerName | PagePeerName | GpuPeerName)[] {
  const names = { node: Object.keys(peers), browser: Object.keys(pagePeers), gpu: gpuPeers }[where];
  return (text === "all" ? names : list(text)).map((name) => {
    if (where === "browser" && isPagePeer(name)) return name;
    if (where === "node" && isPeer(name)) return name;
    if (where === "gpu" && isGpuPeer(name)) return name;
    throw new UsageError(
      `there is no peer "${name}"${{ node: "", browser: " in pages", gpu: " on GPUs" }[where]}; there are ${names.join(", ")}`,
    );
  });
}
