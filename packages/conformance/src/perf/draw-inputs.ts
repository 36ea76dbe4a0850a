import { hostIntegers, hostUniform, sizeOf, stream } from "@gradus/tensor";
import type { NamedArray, PerfCase, PerfInput } from "./perf-case.ts";

/** A case's inputs, the same at every run: each is drawn from a stream of its own name. */
export function drawInputs({ inputs }: PerfCase): NamedArray[] {
  return inputs.map((input) => ({ name: input.name, shape: input.shape, data: values(input) }));
}

function values({ name, shape, dtype, draw }: PerfInput): Float32Array | Int32Array {
  const count = sizeOf(shape);
  const key = stream(1, `perf/${name}`);
  switch (draw.kind) {
    case "uniform":
      return hostUniform(key, count, draw.low, draw.high);
    case "integers":
      return hostIntegers(key, count, 0, draw.below);
    case "constant":
      return (dtype === "float32" ? new Float32Array(count) : new Int32Array(count)).fill(draw.value);
  }
  draw satisfies never;
}
