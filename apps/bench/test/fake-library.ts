// A library for the harness's own tests: `fake-library.ts MANNER` multiplies matrices as the manner says.
import { writeSync } from "node:fs";
import { arrayNamed, Cannot } from "@gradus/conformance/perf";
import { serve } from "../src/libraries/library.ts";
import { product } from "./product.ts";

const [, , manner] = process.argv;
if (manner === "silent") process.exit(3);
if (manner === "mute") await new Promise((resolve) => setTimeout(resolve, 60_000));

await serve(async () => ({
  version: `fake, ${manner}`,
  prepare(benchCase, inputs) {
    if (manner === "cannot") throw new Cannot("it was told not to");
    if (benchCase.steps.some(({ op }) => op !== "matmul")) throw new Cannot("it multiplies matrices only");
    const [a, b] = [arrayNamed(inputs, "a"), arrayNamed(inputs, "b")];
    let out = new Float32Array(0);
    let runs = 0;
    return {
      async run() {
        // These two go wrong while they are timed, and only with matrices of 5 columns.
        const timed = ++runs > 1 && b.shape[1] === 5;
        if (manner === "killed" && timed) process.kill(process.pid, "SIGKILL");
        if (manner === "hangs" && timed) await new Promise((resolve) => setTimeout(resolve, 60_000));
        if (manner === "garbled") writeSync(3, "{ not JSON\n");
        if (manner === "large") new Uint8Array(100_000_000).fill(1);
        out = product(a, b);
        if (manner === "wrong") out[1]! += 0.1;
      },
      outputs: async () => {
        if (manner === "crash") process.exit(4);
        return [{ name: "product", shape: [a.shape[0] ?? 0, b.shape[1] ?? 0], data: out }];
      },
      release() {},
    };
  },
}));
