import { flatten, type Tensor } from "@gradus/tensor";
import { Module } from "../module.ts";

export interface FlattenOptions {
  /** First axis joined; 1 when left out, which keeps the batch. */
  readonly from?: number;
  /** Last axis joined; -1, the last one, when left out. */
  readonly to?: number;
}

/** Joins axes into one: by default [n, c, h, w] to [n, c * h * w]. */
export class Flatten extends Module {
  readonly #options: FlattenOptions;

  constructor(options: FlattenOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.#options);
  }
}
