// A library for the harness's own tests: `fake-library.ts right|wrong|cannot|crash|silent` multiplies matrices as its name says.
import { arrayNamed, Cannot } from "@gradus/conformance/perf";
import { serve } from "../src/libraries/library.ts";
import { product } from "./product.ts";

const [, , manner] = process.argv;
if (manner === "silent") process.exit(3);

await serve(async () => ({
  version: `fake, ${manner}`,
  prepare(benchCase, inputs) {
    if (manner === "cannot") throw new Cannot("it was told not to");
    if (benchCase.steps.some(({ op }) => op !== "matmul")) throw new Cannot("it multiplies matrices only");
    const [a, b] = [arrayNamed(inputs, "a"), arrayNamed(inputs, "b")];
    let out = new Float32Array(0);
    return {
      run() {
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
