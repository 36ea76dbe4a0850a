import type { Local } from "../asm/index.ts";
import type { Arithmetic, Vector } from "./arithmetic.ts";
import { at } from "./tile.ts";

/** One tap of a tile: its channel, counted from the tile's first, and its place in the window. */
export interface Tap {
  readonly channel: number;
  readonly dy: number;
  readonly dx: number;
}

/** Says at which byte a sum lies. */
type SumPlace = (output: number, tap: Tap) => number;

/**
 * A register tile of a weight gradient: for a few output channels x a few taps, sums of products whose lanes run along the pixels.
 *
 * Each step loads the cotangent's vectors, then per tap one vector of the image and its multiply-adds.
 */
export class TapSums {
  readonly #arithmetic: Arithmetic;
  readonly #taps: readonly Tap[];
  readonly #sums: readonly (readonly Vector[])[];
  readonly #cotangents: readonly Vector[];
  readonly #pixel: Vector;

  constructor(arithmetic: Arithmetic, outputs: number, taps: readonly Tap[]) {
    this.#arithmetic = arithmetic;
    this.#taps = taps;
    this.#sums = Array.from({ length: outputs }, () => arithmetic.vectors(taps.length));
    this.#cotangents = arithmetic.vectors(outputs);
    this.#pixel = arithmetic.vector();
  }

  zero(): void {
    this.#each((sum) => {
      this.#arithmetic.zero();
      this.#arithmetic.f.set(sum);
    });
  }

  /** Reads sums that `save` stored. */
  resume(address: Local<"i32">, place: SumPlace): void {
    this.#each((sum, output, tap) => {
      this.#arithmetic.load(place(output, tap), address);
      this.#arithmetic.f.set(sum);
    });
  }

  /** Stores unfinished sums, lanes apart. */
  save(address: Local<"i32">, place: SumPlace): void {
    this.#each((sum, output, tap) => this.#arithmetic.store(place(output, tap), address, sum));
  }

  /** Stores the weights' gradients, lanes summed. */
  finish(address: Local<"i32">, place: SumPlace): void {
    this.#each((sum, output, tap) => this.#arithmetic.f.f32.store(place(output, tap), address, () => this.#arithmetic.sum(sum)));
  }

  /** Adds the products of some pixels: `cotangent` pushes an output channel's, `image` those a tap reads. */
  step(cotangent: (output: number) => void, image: (tap: Tap) => void): void {
    const { f } = this.#arithmetic;
    this.#cotangents.forEach((local, output) => {
      cotangent(output);
      f.set(local);
    });
    this.#taps.forEach((tap, t) => {
      image(tap);
      f.set(this.#pixel);
      this.#cotangents.forEach((local, output) => this.#arithmetic.multiplyAdd(at(at(this.#sums, output), t), local, this.#pixel));
    });
  }

  free(): void {
    this.#arithmetic.f.free(this.#pixel, ...this.#cotangents, ...this.#sums.flat());
  }

  #each(visit: (sum: Vector, output: number, tap: Tap) => void): void {
    this.#sums.forEach((sums, output) => sums.forEach((sum, t) => visit(sum, output, at(this.#taps, t))));
  }
}
