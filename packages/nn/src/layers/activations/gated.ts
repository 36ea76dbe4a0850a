import { type GatedOptions, glu, maxout, prelu, type Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";
import { constant } from "../../init/plain.ts";
import { Param } from "../../param.ts";

/** The first half of an axis times the sigmoid of the second; the last axis when left out. */
export class GLU extends Module {
  readonly #options: GatedOptions;

  constructor(options: GatedOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return glu(x, this.#options);
  }
}

/** The largest of each `pieces` neighbouring channels: put a layer with `pieces` times as many outputs before it. */
export class Maxout extends Module {
  readonly #pieces: number;
  readonly #options: GatedOptions;

  constructor(pieces: number, options: GatedOptions = {}) {
    super();
    this.#pieces = pieces;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxout(x, this.#pieces, this.#options);
  }
}

export interface PReLUOptions {
  /** Slopes learnt: one for all (1, when left out), or one for each channel. */
  readonly parameters?: number;
  /** First value of the slopes; 0.25 when left out. */
  readonly initial?: number;
}

/** x above zero, a learnt slope times x below. Give its `weight` no weight decay, which would draw it to `ReLU`. */
export class PReLU extends Module {
  readonly weight: Param;

  constructor({ parameters = 1, initial = 0.25 }: PReLUOptions = {}) {
    super();
    this.weight = new Param([parameters], constant(initial));
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }
}
