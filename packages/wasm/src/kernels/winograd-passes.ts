import type { FunctionBuilder, Local } from "../asm/index.ts";
import { address, boundedSum, minimum } from "./ranges.ts";
import type { ProductSizes, TileProducts } from "./winograd-products.ts";
import type { Lanes, TileTransforms, Values } from "./winograd-tiles.ts";

/** Weights [row, step, size, size], or [step, row, size, size] if `transposed`. */
export interface ProductWeights {
  readonly base: Local<"i32">;
  readonly size: number;
  readonly transposed: boolean;
  /** Whether windows are turned around. */
  readonly flipped: boolean;
}

/** What the steps of a Winograd convolution share. */
export interface Passes {
  readonly products: TileProducts;
  readonly transforms: TileTransforms;
  readonly lanes: Lanes;
}

/** Transforms the images of a block, channel after channel: a table says where each tile lies in the first. */
export function transformImages(
  f: FunctionBuilder,
  { products, lanes }: Passes,
  channels: number,
  { table, entryBytes, planeBytes }: { readonly table: Local<"i32">; readonly entryBytes: number; readonly planeBytes: number },
  transform: (target: Values) => void,
): void {
  products.images(
    channels,
    (tile, channel) =>
      lanes.forEach((lane, i) =>
        f.set(lane, () => address(f, () => f.i32.load(i * entryBytes, () => address(f, table, [tile, entryBytes])), [channel, planeBytes])),
      ),
    (target) => {
      transform(target);
      for (const lane of lanes) f.advance(lane, planeBytes);
    },
  );
}

/** Visits the passes of some rows: transforms their weights, multiplies, and leaves the sums to `visit`. */
export function forPasses(
  f: FunctionBuilder,
  { products, transforms, lanes }: Passes,
  { rows, steps, pass }: ProductSizes,
  { base, size, transposed, flipped }: ProductWeights,
  [first, end]: readonly [Local<"i32">, Local<"i32">],
  visit: (rows: readonly [Local<"i32">, Local<"i32">]) => void,
): void {
  const window = size * size * 4;
  const [rowStride, stepStride] = transposed ? [window, rows * window] : [steps * window, window];
  const [row0, rowEnd, from] = f.locals("i32", 3);
  f.for(row0, first, end, pass, () => {
    boundedSum(f, rowEnd, row0, pass, end);
    products.filters(
      [row0, rowEnd],
      steps,
      (row) => f.set(from, () => address(f, base, [row, rowStride])),
      (step, target) => {
        lanes.forEach((lane, i) => {
          f.set(lane, () => f.i32.add(step, i));
          if (steps % 4 !== 0) f.set(lane, () => minimum(f, lane, steps - 1));
          f.set(lane, () => address(f, from, [lane, stepStride]));
        });
        transforms.weights(lanes, size, flipped, target);
      },
    );
    products.multiply(row0, steps);
    visit([row0, rowEnd]);
  });
  f.free(row0, rowEnd, from);
}
