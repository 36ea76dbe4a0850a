import {
  ArgumentError,
  foldKey,
  hostNormal,
  hostTruncatedNormal,
  hostUniform,
  type Key,
  type Shape,
  State,
  stream,
  type TruncatedNormalOptions,
} from "@gradus/tensor";
import type { InitialRandom, Initialiser } from "./init/initialiser.ts";

export interface ParamOptions {
  /** Names a parameter that stands outside any model, and seeds it; a model's parameters are named by their paths. */
  readonly label?: string;
  /** 0 when left out; used only together with `label`. */
  readonly seed?: number;
}

/**
 * A trainable float32 tensor. Its first values are made on first use, from a stream of its own
 * (model seed, "init/<path>"), so adding a layer changes no other layer's first values.
 *
 * @throws ArgumentError on first use, if the initialiser draws and neither a model nor a label has seeded it.
 */
export class Param extends State {
  readonly #random: SeededByPath;

  constructor(shape: Shape, initialiser: Initialiser, { label, seed = 0 }: ParamOptions = {}) {
    const random = new SeededByPath();
    super({ shape, dtype: "float32" }, label ?? "a parameter of no model", () => initialiser(shape, random));
    this.#random = random;
    if (label !== undefined) random.seed(seed, label);
  }

  /** Names the parameter and seeds its initialiser; values it already has stay. */
  place(path: string, seed: number): void {
    this.label = path;
    this.#random.seed(seed, path);
  }
}

class SeededByPath implements InitialRandom {
  #key: Key | null = null;

  seed(seed: number, path: string): void {
    this.#key = stream(seed, `init/${path}`);
  }

  uniform(count: number, low: number, high: number): Float32Array {
    return hostUniform(this.#seeded(), count, low, high);
  }

  normal(count: number, mean: number, std: number): Float32Array {
    return hostNormal(this.#seeded(), count, mean, std);
  }

  truncatedNormal(count: number, options: TruncatedNormalOptions): Float32Array {
    return hostTruncatedNormal(this.#seeded(), count, options);
  }

  fork(purpose: string): InitialRandom {
    const fork = new SeededByPath();
    fork.#key = foldKey(this.#seeded(), purpose);
    return fork;
  }

  #seeded(): Key {
    if (this.#key !== null) return this.#key;
    throw new ArgumentError("param/unseeded", "this parameter belongs to no model yet, so its first values are not determined", {
      subject: "Param",
      hint: "run the model, call bind(model, seed), or give the parameter a label",
    });
  }
}
