import type { Tensor } from "@gradus/tensor";
import { Module } from "../../module.ts";

/** A layer without parameters that pools by one function of its inputs. */
export abstract class PoolLayer<Inputs extends readonly Tensor[] = readonly [x: Tensor]> extends Module {
  readonly #pool: (...inputs: Inputs) => Tensor;

  constructor(pool: (...inputs: Inputs) => Tensor) {
    super();
    this.#pool = pool;
  }

  override forward(...inputs: Inputs): Tensor {
    return this.#pool(...inputs);
  }
}
