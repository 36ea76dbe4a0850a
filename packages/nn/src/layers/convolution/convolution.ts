import { ArgumentError, type PerAxis, type Shape, sizeOf, Tensor } from "@gradus/tensor";
import { fansOf } from "../../init/fans.ts";
import type { Initialiser } from "../../init/initialiser.ts";
import { kaimingUniform } from "../../init/kaiming.ts";
import { uniform } from "../../init/plain.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";
import { within } from "../linear.ts";

/** What all convolutions share. A number stands for every spatial axis. */
export interface ConvolutionLayerOptions {
  readonly kernel: PerAxis;
  /** 1 when left out. */
  readonly stride?: PerAxis;
  /** Distance between the kernel's taps; 1 when left out. */
  readonly dilation?: PerAxis;
  /** Cuts channels into independent groups; 1 when left out. */
  readonly groups?: number;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
  /** Of the weight; kaimingUniform with slope sqrt(5) when left out, that is ±1 / sqrt(fanIn). */
  readonly initialiser?: Initialiser;
  /** Of the bias; uniform in ±1 / sqrt(fanIn) when left out. */
  readonly biasInitialiser?: Initialiser;
}

/** A convolution's parameters and what is said about it. Subclasses give `forward`. */
export abstract class Convolution extends Module {
  readonly weight: Param;
  readonly bias: Param | null;
  readonly #inputs: number;
  readonly #axes: number;
  readonly #transposed: boolean;

  protected constructor(
    name: string,
    axes: number,
    inputs: number,
    outputs: number,
    { kernel, groups = 1, bias = true, initialiser = kaimingUniform({ slope: Math.sqrt(5) }), biasInitialiser }: ConvolutionLayerOptions,
    transposed = false,
  ) {
    super();
    if (groups < 1 || inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError("argument/groups", `${groups} groups do not divide ${inputs} input and ${outputs} output channels`, {
        subject: name,
      });
    }
    const window = typeof kernel === "number" ? Array.from({ length: axes }, () => kernel) : kernel;
    if (window.length !== axes) {
      throw new ArgumentError("argument/per-axis", `a kernel of [${window.join(", ")}] is not for ${axes} axes`, { subject: name });
    }
    const shape = transposed ? [inputs, outputs / groups, ...window] : [outputs, inputs / groups, ...window];
    this.weight = new Param(shape, initialiser);
    this.bias = bias ? new Param([outputs], biasInitialiser ?? uniform(within(1 / Math.sqrt(fansOf(shape).fanIn)))) : null;
    this.#inputs = inputs;
    this.#axes = axes;
    this.#transposed = transposed;
  }

  abstract override forward(x: Tensor): Tensor;

  override diagnose(x: unknown): string | null {
    if (!(x instanceof Tensor)) return null;
    if (x.rank !== 2 + this.#axes)
      return `expects [n, ${this.#inputs}, ...] with ${this.#axes} more axes but receives [${x.shape.join(", ")}]`;
    return x.shape[1] === this.#inputs ? null : `expects ${this.#inputs} input channels but receives ${x.shape[1]}`;
  }

  override facts(input: Shape, output: Shape): LayerFacts {
    // Every tap meets every place of the side that the kernel slides over: of the output, or of a transposed one's input.
    const places = this.#transposed ? input : output;
    const multiplyAccumulates = sizeOf(places) * fansOf(this.weight.shape).fanIn;
    return { multiplyAccumulates, connections: multiplyAccumulates + (this.bias === null ? 0 : sizeOf(output)), window: null };
  }
}
