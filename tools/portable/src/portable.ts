// `pnpm portable [FILE]`: packs the GPU benchmark for a Linux machine that has a GPU driver and nothing else.
import { statSync } from "node:fs";
import { pack } from "./pack.ts";

const file = process.argv[2] ?? "gradus-gpu-bench-linux-x64.tar.gz";
await pack(file);
console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(1)} MB. There: tar xzf it, then gradus-gpu-bench/run [FILTER ...]`);
