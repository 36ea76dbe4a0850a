import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import process from "node:process";
import { Command } from "commander";
import { joinPath } from "@gradus/io";
import { bestLevel, wasmFeatures } from "@gradus/wasm";
import { addJsonFlag, type OutputFlags } from "../command-line/flags.ts";

/** One thing a host offers or lacks. */
interface Finding {
  readonly name: string;
  readonly present: boolean;
  /** What there is, or how to get it. */
  readonly detail: string;
}

export function doctorCommand(): Command {
  const command = new Command("doctor").description("what this host offers, and how to enable what is missing");
  return addJsonFlag(command, "the findings").action(print);
}

function print(flags: OutputFlags): void {
  const findings = examine();
  if (flags.json ?? false) {
    const entries = findings.map(({ name, present, detail }) => [name, { present, detail }] as const);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(entries))}\n`);
    return;
  }
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, present, detail } of findings) process.stdout.write(`${name.padEnd(width)}  ${present ? "yes" : "no "}  ${detail}\n`);
}

function examine(): readonly Finding[] {
  const { simd, relaxedSimd, threads } = wasmFeatures();
  const cores = availableParallelism();
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const recent = major > 22 || (major === 22 && minor >= 12);
  return [
    { name: "node", present: recent, detail: `${process.version}${recent ? "" : "; Gradus needs 22.12 or later: install a newer Node"}` },
    { name: "wasm", present: true, detail: `kernels are generated for the ${bestLevel()} level` },
    { name: "simd", present: simd, detail: simd ? "128-bit vectors" : "needs Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later; scalar kernels run instead" },
    {
      name: "relaxed simd",
      present: relaxedSimd,
      detail: relaxedSimd ? "fused multiply-add" : "needs Node 22, Chrome 114, Firefox 145 or later; kernels multiply and add in two instructions instead",
    },
    { name: "threads", present: threads, detail: threads ? `shared memory; ${cores} ${cores === 1 ? "core" : "cores"}` : withoutThreads },
    webgpu(),
  ];
}

const withoutThreads =
  "needs SharedArrayBuffer; a page gets it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

function webgpu(): Finding {
  const later = "this version of Gradus computes on WebAssembly only";
  if ("navigator" in globalThis && "gpu" in navigator) return { name: "webgpu", present: true, detail: `navigator.gpu; ${later}` };
  try {
    // Where the user works, not where this package lies: it is their project that would depend on it.
    const path = createRequire(joinPath(process.cwd(), "package.json")).resolve("webgpu");
    return { name: "webgpu", present: true, detail: `the webgpu package at ${path}; ${later}` };
  } catch {
    return { name: "webgpu", present: false, detail: `install the optional package: npm install webgpu; ${later}` };
  }
}
