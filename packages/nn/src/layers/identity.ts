import type { Tensor } from "@gradus/tensor";
import { Module } from "../module.ts";

/** Gives back its input: a place to put a layer later. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
