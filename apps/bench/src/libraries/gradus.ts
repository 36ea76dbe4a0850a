// Gradus on its WebAssembly backend: `gradus.ts THREADS LEVEL`.
import { parseArgs } from "node:util";
import { gradus } from "./gradus-wasm.ts";
import { serve } from "./library.ts";

const { positionals } = parseArgs({ allowPositionals: true });

await serve(async () => gradus(Number(positionals[0] ?? 1), positionals[1]));
