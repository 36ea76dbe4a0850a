import { ArgumentError, groupNorm, instanceNorm, localResponseNorm, type LocalResponseNormOptions, type Tensor } from "@gradus/tensor";
import { ones, zeros } from "../../init/plain.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";

export interface GroupNormOptions {
  /** Added to the variance; 1e-5 when left out. */
  readonly epsilon?: number;
  /** Whether there are a weight and a bias; true for `GroupNorm` and false for `InstanceNorm` when left out. */
  readonly affine?: boolean;
}

/**
 * Standardises each sample over groups of neighbouring channels: what to use where batches are too small for batch
 * normalisation. Source: Wu and He, 2018.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class GroupNorm extends Module {
  readonly weight: Param | null;
  readonly bias: Param | null;
  readonly #groups: number;
  readonly #epsilon: number;

  constructor(groups: number, channels: number, { epsilon = 1e-5, affine = true }: GroupNormOptions = {}) {
    super();
    if (!(groups >= 1) || channels % groups !== 0) {
      throw new ArgumentError("argument/groups", `${groups} groups do not divide ${channels} channels`, { subject: "GroupNorm" });
    }
    this.weight = affine ? new Param([channels], ones()) : null;
    this.bias = affine ? new Param([channels], zeros()) : null;
    this.#groups = groups;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.#groups, { weight: this.weight, bias: this.bias, epsilon: this.#epsilon });
  }
}

/**
 * Standardises each channel of each sample over its places, [n, channels, ...]: PyTorch's InstanceNorm1d, 2d and 3d,
 * without running statistics. Source: Ulyanov et al., 2016.
 *
 * @throws ShapeError if the input has no places.
 */
export class InstanceNorm extends Module {
  readonly weight: Param | null;
  readonly bias: Param | null;
  readonly #epsilon: number;

  constructor(channels: number, { epsilon = 1e-5, affine = false }: GroupNormOptions = {}) {
    super();
    this.weight = affine ? new Param([channels], ones()) : null;
    this.bias = affine ? new Param([channels], zeros()) : null;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return instanceNorm(x, { weight: this.weight, bias: this.bias, epsilon: this.#epsilon });
  }
}

/**
 * Divides each value by a power of its neighbours' squares in `size` channels, as AlexNet does between its first layers:
 * `new LocalResponseNorm(5, { alpha: 5e-4, k: 2 })`. Source: Krizhevsky et al., 2012.
 */
export class LocalResponseNorm extends Module {
  readonly #size: number;
  readonly #options: LocalResponseNormOptions;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    this.#size = size;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.#size, this.#options);
  }
}
