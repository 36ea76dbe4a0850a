import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type ReadImages, readImages } from "./conv2d-pad.ts";
import { cost } from "./convolution-algorithm.ts";
import { type Epilogue, type Kernel, type KernelArguments, kernel, type Level, pushFinished } from "./kernel.ts";
import { type Place, placeKey, pushPlace } from "./place.ts";
import { address, blockEnd, coordinates, minimum, roundUp } from "./ranges.ts";
import { panelWidth, transpose } from "./matmul-pack.ts";
import { forTilePlaces, patchWidth, tilingOf, wholeTiles } from "./winograd-shape.ts";
import { forPasses, transformImages } from "./winograd-passes.ts";
import { rowsTogether } from "./row-tiles.ts";
import { productMemory, type ProductSizes, TileProducts } from "./winograd-products.ts";
import { multiplications, shuffle, temporaryBytes, TileTransforms } from "./winograd-tiles.ts";
import { points } from "./winograd-transform.ts";

/** Words kept of each tile: its pixels' address, its outputs' address, rows and columns that count, image, first pixel. */
const entryBytes = 32;

/** Where a Winograd convolution finds its operands. */
export interface WinogradPlaces {
  readonly buffers: number;
  readonly image: Place;
  readonly weights: Place;
  /** Weights are [step, row, kh, kw] and turned around, as an input gradient takes them; else [row, step, kh, kw]. */
  readonly backward: boolean;
}

interface Blocking {
  /** Tiles whose transform stays in the second-level cache, and how many blocks of them there are. */
  readonly tiles: number;
  readonly tileBlocks: number;
  /** Output channels of one call of the kernel. */
  readonly outputs: number;
  readonly outputBlocks: number;
  /** Output channels whose weights are transformed together. */
  readonly pass: number;
}

/** The padding copy, if one is needed, and the convolution in tiles of 4 x 4 outputs for windows of 3 x 3, of 2 x 2 for 5 x 5. */
export function winogradConvolution(shape: Conv2dShape, epilogue: Epilogue | null, places: WinogradPlaces, threads = 1): readonly Kernel[] {
  const images = readImages(wholeTiles(shape), places.image, places.buffers);
  const blocking = block(shape, threads);
  const { buffers, weights, backward } = places;
  const convolve = kernel({
    name: `conv2d winograd ${describe(shape)}`,
    key: `winograd:${threads}:${conv2dKey(shape)}:${placeKey(images.place)},${placeKey(weights)},${backward},${buffers}:${epilogue?.key ?? ""}`,
    tiles: blocking.tileBlocks * blocking.outputBlocks,
    scratchBytes: scratchOf(shape, blocking).bytes,
    workspaceBytes: images.workspaceBytes,
    buffers,
    body: (f, level, args, module) => emitWinograd(f, level, args, module, shape, images, epilogue, places, blocking),
  });
  return [...images.copies, convolve];
}

/** Bytes of transformed images that stay in the second-level cache, and the fewest and most tiles they are worth. */
const cachedBytes = 1_000_000;
const fewestTiles = 32;
const mostTiles = 128;
/** Units of work for each thread, so that none waits long for another; operations of a unit worth claiming; and the most before the engine swaps in optimised code. */
const unitsPerThread = 4;
const fewestOperations = 2_000_000;
const mostOperations = 60_000_000;

/** Results do not depend on how work is cut, so it may depend on how many share it. */
function block(shape: Conv2dShape, threads: number): Blocking {
  const { c, o } = shape;
  const { count } = tilingOf(shape);
  const operations = 2 * multiplications * c * o * count;
  const cached = Math.min(mostTiles, Math.max(fewestTiles, Math.floor(cachedBytes / (multiplications * c * 4))));
  const least = Math.ceil(count / cached);
  const wanted = threads === 1 ? 1 : Math.min(unitsPerThread * threads, Math.max(threads, Math.floor(operations / fewestOperations)));
  const missing = Math.ceil(wanted / least);
  // More blocks of tiles transform weights again, more blocks of outputs images.
  const cutTiles = o * cost.weights < count * cost.image;
  const tiles = roundUp(Math.ceil(count / (cutTiles ? least * missing : least)), panelWidth);
  const pass = Math.min(o, rowsTogether);
  const cuts = Math.max(cutTiles ? 1 : missing, Math.ceil((2 * multiplications * c * o * tiles) / mostOperations));
  const outputs = Math.min(o, roundUp(Math.ceil(o / cuts), pass));
  return { tiles, tileBlocks: Math.ceil(count / tiles), outputs, outputBlocks: Math.ceil(o / outputs), pass };
}

function sizesOf({ c, o }: Conv2dShape, { tiles, pass }: Blocking): ProductSizes {
  return { rows: o, pass, columns: tiles, steps: c };
}

/** Byte offsets in a thread's scratch, after what the transforms need. */
function scratchOf(shape: Conv2dShape, blocking: Blocking) {
  const patch = temporaryBytes;
  const table = patch + 4 * patchWidth * patchWidth * 4;
  const block = table + blocking.tiles * entryBytes;
  return { patch, table, block, bytes: block + productMemory(sizesOf(shape, blocking)).bytes };
}

function emitWinograd(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  { layout, place }: ReadImages,
  epilogue: Epilogue | null,
  places: WinogradPlaces,
  blocking: Blocking,
): void {
  const { c, o, kh, oh, ow } = shape;
  const { tiles, tileBlocks, outputs, outputBlocks } = blocking;
  const tiling = tilingOf(shape);
  const { size, count } = tiling;
  const { tile, scratch, output } = args;
  const transforms = new TileTransforms(f, module, level, scratch);
  const offsets = scratchOf(shape, blocking);
  const part = (offset: number) => f.local("i32", () => f.i32.add(scratch, offset));
  const [patch, table] = [part(offsets.patch), part(offsets.table)];
  const sizes = sizesOf(shape, blocking);
  const products = new TileProducts(f, level, sizes, part(offsets.block));
  const lanes = f.locals("i32", 4);
  const passes = { products, transforms, lanes };
  const planeBytes = layout.planeLength * 4;
  const rowBytes = layout.rowLength * 4;

  const [tileBlock, outputBlock] = coordinates(f, tile, [tileBlocks, outputBlocks]);
  const first = f.local("i32", () => f.i32.mul(tileBlock, tiles));
  const channel0 = f.local("i32", () => f.i32.mul(outputBlock, outputs));
  const channelEnd = blockEnd(f, channel0, outputs, o);

  // What is known of each tile; beyond the last one, the last once more, of which nothing is stored.
  const describeTiles = () => {
    const image0 = f.local("i32", () => pushPlace(f, place, args));
    const entry = f.local("i32", table);
    const at = f.local("i32");
    forTilePlaces(f, tiling, first, tiles, ({ index, image, y, x }) => {
      f.i32.store(0, entry, () => address(f, image0, [image, c * planeBytes], [y, size * rowBytes], [x, size * 4]));
      f.set(at, () => address(f, 0, [y, size * ow], [x, size]));
      f.i32.store(20, entry, at);
      f.i32.store(4, entry, () => address(f, output, [image, o * oh * ow * 4], [at, 4]));
      f.set(at, () => f.i32.lt_s(() => f.i32.add(first, index), count));
      f.i32.store(8, entry, () => f.select("i32", () => rest(f, oh, y, size, size), 0, at));
      f.i32.store(12, entry, () => rest(f, ow, x, size, patchWidth));
      f.i32.store(16, entry, image);
      f.advance(entry, entryBytes);
    });
    f.free(image0, entry, at);
  };

  const storePatches = (row: Local<"i32">, entry: Local<"i32">) => {
    const [index, from, to, pixel, image, columns, y, x, rows] = f.locals("i32", 9);
    f.set(from, patch);
    f.for(index, 0, size, 1, () => {
      f.set(to, () => address(f, () => f.i32.load(4, entry), [row, oh * ow * 4]));
      f.set(rows, () => f.i32.load(8, entry));
      f.set(columns, () => f.i32.load(12, entry));
      f.set(image, () => f.i32.load(16, entry));
      f.set(pixel, () => f.i32.load(20, entry));
      const value = f.local("v128");
      const element = f.local("f32");
      const partOfRow = () => {
        f.for(x, 0, columns, 1, () => {
          f.set(element, () => f.f32.load(0, () => address(f, from, [x, 4])));
          f.f32.store(
            0,
            () => address(f, to, [x, 4]),
            () => {
              const at = f.local("i32");
              pushFinished(f, epilogue, args, { lanes: 1, accumulator: element }, () => {
                f.set(at, () => f.i32.add(pixel, x));
                return [image, row, at];
              });
              f.free(at);
            },
          );
        });
      };
      f.if(
        () => f.i32.eq(() => f.i32.mul(rows, columns), size * patchWidth),
        () => {
          for (let y = 0; y < size; y++) {
            if (y > 0) f.advance(pixel, ow);
            f.set(value, () => f.v128.load(y * 16, from));
            f.v128.store(y * ow * 4, to, () =>
              pushFinished(f, epilogue, args, { lanes: 4, accumulator: value }, () => [image, row, pixel]),
            );
          }
        },
        () =>
          f.for(y, 0, rows, 1, () => {
            partOfRow();
            f.advance(from, 16);
            f.advance(to, ow * 4);
            f.advance(pixel, ow);
          }),
      );
      f.set(from, () => address(f, patch, [() => f.i32.add(index, 1), size * 16]));
      f.advance(entry, (patchWidth / size) * entryBytes);
      f.free(value, element);
    });
    f.free(index, from, to, pixel, image, columns, y, x, rows);
  };

  describeTiles();
  transformImages(f, passes, c, { table, entryBytes, planeBytes }, (target) => transforms.pixels("input", points, lanes, rowBytes, target));
  const base = f.local("i32", () => pushPlace(f, places.weights, args));
  const weights = { base, size: kh, transposed: places.backward, flipped: places.backward };
  const entry = f.local("i32");
  forPasses(f, passes, sizes, weights, [channel0, channelEnd], (rows) =>
    // Output tiles go through a patch of memory, from which each lane's rows are stored where they belong.
    products.each(rows, tiles, (row, index, source) => {
      transforms.outputs(source, size, (i, values) =>
        joinTiles(f, values).forEach((value, k) => f.v128.store((k * size + i) * 16, patch, value)),
      );
      f.set(entry, () => address(f, table, [index, entryBytes]));
      storePatches(row, entry);
    }),
  );
}

/** Pushes how many of a patch's rows (or columns) lie within the output. */
function rest(f: FunctionBuilder, extent: number, index: Local<"i32">, size: number, most: number): void {
  if (extent % most === 0) return f.i32.const(most);
  const left = f.local("i32", () => f.i32.sub(extent, () => f.i32.mul(index, size)));
  minimum(f, left, most);
  f.free(left);
}

/** A row of four tiles' outputs, a tile a lane, as rows of patches: four tiles of four columns, or two pairs of tiles of two. */
function joinTiles(f: FunctionBuilder, values: readonly Local<"v128">[]): readonly Local<"v128">[] {
  const [a, b] = values;
  if (values.length === 4 || a === undefined || b === undefined) {
    transpose(f, values);
    return values;
  }
  const low = f.local("v128", () => shuffle(f, [0, 4, 1, 5], a, b));
  f.set(b, () => shuffle(f, [2, 6, 3, 7], a, b));
  f.set(a, low);
  f.free(low);
  return values;
}
