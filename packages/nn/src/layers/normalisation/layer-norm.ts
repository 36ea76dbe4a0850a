import { layerNorm, rmsNorm, type Shape, type Tensor } from "@gradus/tensor";
import { ones, zeros } from "../../init/plain.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";

export interface LayerNormOptions {
  /** Added to the variance; 1e-5 when left out. */
  readonly epsilon?: number;
  /** Whether there is a weight; true when left out. */
  readonly affine?: boolean;
  /** Whether there is a bias beside the weight; true when left out. */
  readonly bias?: boolean;
}

/**
 * Standardises each sample over its last axes, whose sizes are `shape` (a number stands for one axis), in training and
 * evaluation alike. Source: Ba et al., 2016.
 *
 * @throws ShapeError if the input does not end with `shape`.
 */
export class LayerNorm extends Module {
  readonly weight: Param | null;
  readonly bias: Param | null;
  readonly #shape: Shape;
  readonly #epsilon: number;

  constructor(shape: number | Shape, { epsilon = 1e-5, affine = true, bias = true }: LayerNormOptions = {}) {
    super();
    this.#shape = typeof shape === "number" ? [shape] : shape;
    this.weight = affine ? new Param(this.#shape, ones()) : null;
    this.bias = affine && bias ? new Param(this.#shape, zeros()) : null;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.#shape, { weight: this.weight, bias: this.bias, epsilon: this.#epsilon });
  }
}

export interface RMSNormOptions {
  /** Added to the mean of squares; float32's own, 2^-23, when left out. */
  readonly epsilon?: number;
  /** Whether there is a weight; true when left out. */
  readonly affine?: boolean;
}

/**
 * Divides each sample by the root of the mean of its squares over its last axes. Source: Zhang and Sennrich, 2019.
 *
 * @throws ShapeError if the input does not end with `shape`.
 */
export class RMSNorm extends Module {
  readonly weight: Param | null;
  readonly #shape: Shape;
  readonly #epsilon: number;

  constructor(shape: number | Shape, { epsilon = 2 ** -23, affine = true }: RMSNormOptions = {}) {
    super();
    this.#shape = typeof shape === "number" ? [shape] : shape;
    this.weight = affine ? new Param(this.#shape, ones()) : null;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.#shape, { weight: this.weight, epsilon: this.#epsilon });
  }
}
