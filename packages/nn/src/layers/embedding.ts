import {
  ArgumentError,
  embedding,
  embeddingBag,
  equal,
  type EmbeddingBagOptions,
  type Shape,
  sizeOf,
  stopGradient,
  type Tensor,
  unsqueeze,
  where,
} from "@gradus/tensor";
import type { Context } from "../context.ts";
import type { Initialiser } from "../init/initialiser.ts";
import { normal } from "../init/plain.ts";
import type { LayerFacts } from "../layer-facts.ts";
import { Module } from "../module.ts";
import { Param } from "../param.ts";

export interface EmbeddingOptions {
  /** An index whose row begins as zeros and is not trained. */
  readonly paddingIdx?: number;
  /** Of the table; normal(0, 1) when left out. */
  readonly initialiser?: Initialiser;
}

/**
 * A trained row for each index: y = weight[index].
 *
 * Shapes: `index` [...k] of integers, `weight` [count, width], result [...k, width].
 *
 * @throws ArgumentError if `paddingIdx` is not a row; DTypeError if the index is not of integers.
 */
export class Embedding extends Module {
  readonly weight: Param;
  readonly paddingIdx: number | null;

  constructor(count: number, width: number, { paddingIdx, initialiser = normal() }: EmbeddingOptions = {}) {
    super();
    this.paddingIdx = paddingIdx ?? null;
    this.weight = new Param([count, width], withEmptyRow("Embedding", count, this.paddingIdx, initialiser));
  }

  override forward(index: Tensor, _?: Context): Tensor {
    const rows = embedding(index, this.weight);
    if (this.paddingIdx === null) return rows;
    return where(unsqueeze(equal(index, this.paddingIdx), -1), stopGradient(rows), rows);
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return { multiplyAccumulates: 0, connections: sizeOf(output), window: null };
  }
}

export interface EmbeddingBagLayerOptions extends EmbeddingOptions {
  /** How the rows of a bag become one; "mean" when left out. */
  readonly mode?: "sum" | "mean" | "max";
}

/**
 * Bags of trained rows, each reduced to one: `embeddingBag` with a table of its own. Indices equal to `paddingIdx` count for nothing.
 *
 * Shapes: `index` [bags, size], or [n] with `offsets` [bags]; `weight` [count, width]; result [bags, width].
 *
 * @throws ArgumentError if `paddingIdx` is not a row; ShapeError and DTypeError as `embeddingBag`.
 */
export class EmbeddingBag extends Module {
  readonly weight: Param;
  readonly #options: Pick<EmbeddingBagOptions, "mode" | "paddingIdx">;

  constructor(count: number, width: number, { paddingIdx, mode = "mean", initialiser = normal() }: EmbeddingBagLayerOptions = {}) {
    super();
    this.#options = { mode, ...(paddingIdx === undefined ? {} : { paddingIdx }) };
    this.weight = new Param([count, width], withEmptyRow("EmbeddingBag", count, paddingIdx ?? null, initialiser));
  }

  override forward(index: Tensor, options: Pick<EmbeddingBagOptions, "offsets" | "perSampleWeights"> = {}, _?: Context): Tensor {
    return embeddingBag(index, this.weight, { ...options, ...this.#options });
  }

  override facts(input: Shape): LayerFacts {
    return { multiplyAccumulates: 0, connections: sizeOf(input) * (this.weight.shape[1] ?? 0), window: "all" };
  }
}

/** An initialiser whose row of padding is zeros. */
function withEmptyRow(subject: string, count: number, paddingIdx: number | null, initialiser: Initialiser): Initialiser {
  if (paddingIdx === null) return initialiser;
  if (!(Number.isInteger(paddingIdx) && paddingIdx >= 0 && paddingIdx < count)) {
    throw new ArgumentError("argument/padding-index", `paddingIdx must be one of ${count} rows, and is ${paddingIdx}`, { subject });
  }
  return (shape, random) => {
    const [, width = 0] = shape;
    return initialiser(shape, random).fill(0, paddingIdx * width, (paddingIdx + 1) * width);
  };
}
