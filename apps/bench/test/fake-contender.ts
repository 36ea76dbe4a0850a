import { fileURLToPath } from "node:url";
import type { Contender } from "../src/contenders.ts";
import { LibraryProcess } from "../src/library-process.ts";

/** A contender whose process multiplies matrices in the manner named: see `fake-library.ts`. */
export function fake(manner: string): Contender {
  const script = fileURLToPath(new URL("fake-library.ts", import.meta.url));
  const command = { file: process.execPath, args: ["--conditions=gradus-source", script, manner] };
  return { name: manner, library: manner, threads: 1, installed: false, launch: (patience) => new LibraryProcess(command, patience) };
}
