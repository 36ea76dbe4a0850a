import type { Shape } from "@gradus/tensor";
import { filled, weight } from "./inputs.ts";
import type { PerfInput } from "./perf-case.ts";
import type { PoolingAttributes, Step } from "./vocabulary.ts";

/** Whether batch norm takes the batch's own statistics or those it has gathered. */
export type Phase = "forward" | "training";

/** Writes a model down layer by layer: each layer takes a value by name, and returns the name of what it makes. */
export class ModelWriter {
  readonly inputs: PerfInput[] = [];
  readonly steps: Step[] = [];
  readonly phase: Phase;

  constructor(phase: Phase, image: Shape) {
    this.phase = phase;
    this.inputs.push({ name: "image", shape: image, dtype: "float32", draw: { kind: "uniform", low: -1, high: 1 }, role: "batch" });
  }

  /** A convolution with the parameters `name`.weight [filters, channels, kernel, kernel], and `name`.bias unless told not to. */
  conv(
    name: string,
    x: string,
    [channels, filters]: readonly [number, number],
    { kernel, stride = 1, padding = 0, bias = true }: { readonly kernel: number; stride?: number; padding?: number; bias?: boolean },
  ): string {
    const own = this.#parameters(name, [filters, channels, kernel, kernel], bias);
    const attributes = { stride, padding, dilation: 1, groups: 1 };
    return this.#step({ op: "conv2d", args: bias ? [x, own.weight, own.bias] : [x, own.weight], out: name, attributes });
  }

  linear(name: string, x: string, [from, to]: readonly [number, number]): string {
    const own = this.#parameters(name, [to, from], true);
    return this.#step({ op: "linear", args: [x, own.weight, own.bias], out: name, attributes: {} });
  }

  batchNorm(name: string, x: string, channels: number): string {
    this.inputs.push(filled(`${name}.weight`, [channels], 1), filled(`${name}.bias`, [channels], 0));
    const attributes = { epsilon: 1e-5 };
    if (this.phase === "training")
      return this.#step({ op: "batchNorm", args: [x, `${name}.weight`, `${name}.bias`], out: name, attributes });
    this.inputs.push(filled(`${name}.running_mean`, [channels], 0), filled(`${name}.running_var`, [channels], 1));
    return this.#step({
      op: "batchNormInference",
      args: [x, `${name}.weight`, `${name}.bias`, `${name}.running_mean`, `${name}.running_var`],
      out: name,
      attributes,
    });
  }

  pool(op: "maxPool" | "avgPool", x: string, attributes: PoolingAttributes): string {
    return this.#step({ op, args: [x], out: `${x}.${op}`, attributes });
  }

  apply(op: "relu" | "tanh" | "flatten" | "globalAvgPool", x: string): string {
    return this.#step({ op, args: [x], out: `${x}.${op}`, attributes: {} });
  }

  add(a: string, b: string): string {
    return this.#step({ op: "add", args: [a, b], out: `${a}+${b}`, attributes: {} });
  }

  #parameters(name: string, shape: Shape, bias: boolean): { readonly weight: string; readonly bias: string } {
    const own = weight(`${name}.weight`, shape);
    this.inputs.push(own);
    const fanIn = shape.slice(1).reduce((product, extent) => product * extent, 1);
    if (bias) this.inputs.push(weight(`${name}.bias`, shape.slice(0, 1), fanIn));
    return { weight: own.name, bias: `${name}.bias` };
  }

  #step(step: Step): string {
    this.steps.push(step);
    return step.out;
  }
}
