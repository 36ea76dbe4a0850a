import type { Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../context.ts";
import { type Layer, Module } from "../module.ts";

/**
 * Layers one after another. They are named by number, as in PyTorch: the third one's weight is `2.weight`.
 *
 * Example: `new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10))`.
 */
export class Sequential extends Module {
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  override fields(): Iterable<readonly [name: string, value: Layer]> {
    return Object.entries(this.layers);
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value, ctx), x);
  }
}
