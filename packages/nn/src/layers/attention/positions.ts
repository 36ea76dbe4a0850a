import { add, narrow, type PositionOptions, ShapeError, sinusoidalPositions, type Tensor } from "@gradus/tensor";
import type { Context } from "../../context.ts";
import type { Initialiser } from "../../init/initialiser.ts";
import { normal } from "../../init/plain.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";

/**
 * Adds `sinusoidalPositions` to sequences. Source: Vaswani et al., 2017, section 3.5.
 *
 * Shapes: `x` [batch, time, width] of even width, and the result.
 *
 * @throws ArgumentError if the width is odd.
 */
export class SinusoidalPositions extends Module {
  readonly #options: PositionOptions;

  constructor(options: PositionOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor, _?: Context): Tensor {
    const [time = 0, width = 0] = x.shape.slice(-2);
    return add(x, sinusoidalPositions(time, width, this.#options));
  }
}

/**
 * Adds a trained vector for each place to sequences.
 *
 * Shapes: `x` [batch, time, width] with at most `longest` places, and the result; `weight` [longest, width].
 *
 * @throws ShapeError if a sequence is longer.
 */
export class LearnedPositions extends Module {
  readonly weight: Param;

  constructor(longest: number, width: number, { initialiser = normal() }: { readonly initialiser?: Initialiser } = {}) {
    super();
    this.weight = new Param([longest, width], initialiser);
  }

  override forward(x: Tensor, _?: Context): Tensor {
    const time = x.shape.at(-2) ?? 0;
    const [longest = 0] = this.weight.shape;
    if (time > longest) {
      throw new ShapeError("shape/positions", `a sequence of ${time} is longer than the ${longest} places there are`, {
        subject: "LearnedPositions",
        facts: { x: String(x) },
      });
    }
    return add(x, narrow(this.weight, 0, 0, time));
  }
}
