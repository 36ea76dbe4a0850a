import { add, cast, matmul, type Shape, sizeOf, Tensor } from "@gradus/tensor";
import { kaimingUniform } from "../init/kaiming.ts";
import type { Initialiser } from "../init/initialiser.ts";
import { uniform } from "../init/plain.ts";
import type { LayerFacts } from "../layer-facts.ts";
import { Module } from "../module.ts";
import { Param } from "../param.ts";

export interface LinearOptions {
  /** Whether there is one; true when left out. */
  readonly bias?: boolean;
  /** Of the weight; kaimingUniform with slope sqrt(5) when left out, that is ±1 / sqrt(inputs). */
  readonly initialiser?: Initialiser;
  /** Of the bias; uniform in ±1 / sqrt(inputs) when left out. */
  readonly biasInitialiser?: Initialiser;
}

/**
 * An affine map of the last axis: y = x Wᵀ + b.
 *
 * Shapes: `x` [..., inputs], `weight` [outputs, inputs], `bias` [outputs], result [..., outputs].
 */
export class Linear extends Module {
  readonly weight: Param;
  readonly bias: Param | null;

  constructor(
    inputs: number,
    outputs: number,
    { bias = true, initialiser = kaimingUniform({ slope: Math.sqrt(5) }), biasInitialiser }: LinearOptions = {},
  ) {
    super();
    this.weight = new Param([outputs, inputs], initialiser);
    this.bias = bias ? new Param([outputs], biasInitialiser ?? uniform(within(1 / Math.sqrt(inputs)))) : null;
  }

  override forward(x: Tensor): Tensor {
    return this.apply(x, this.weight);
  }

  /** The map with another weight of the same shape, as `WeightNorm` makes one. */
  apply(x: Tensor, weight: Tensor): Tensor {
    const y = matmul(x, weight, { transposeB: true });
    return this.bias === null ? y : add(y, cast(this.bias, y.dtype));
  }

  override diagnose(x: unknown): string | null {
    const [, inputs] = this.weight.shape;
    const given = x instanceof Tensor ? x.shape.at(-1) : inputs;
    return given === inputs ? null : `expects ${inputs} inputs but receives ${given ?? "a scalar"}`;
  }

  override facts(input: Shape, output: Shape): LayerFacts {
    const multiplyAccumulates = sizeOf(output) * (input.at(-1) ?? 1);
    const biases = this.bias === null ? 0 : sizeOf(output);
    return { multiplyAccumulates, connections: multiplyAccumulates + biases, window: input.length <= 2 ? "all" : null };
  }
}

/** The range -bound .. bound. */
export function within(bound: number): { readonly low: number; readonly high: number } {
  return { low: -bound, high: bound };
}
