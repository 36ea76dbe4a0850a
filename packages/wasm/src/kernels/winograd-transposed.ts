import type { FunctionBuilder, Local, ModuleBuilder } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type ReadImages, readImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Epilogue, type Kernel, type KernelArguments, kernel, type Level, pushFinished } from "./kernel.ts";
import { panelWidth } from "./matmul-pack.ts";
import { pushPlace } from "./place.ts";
import { address, roundUp } from "./ranges.ts";
import { at, finishVector, strip } from "./tile.ts";
import { forPasses, transformImages } from "./winograd-passes.ts";
import { rowsTogether } from "./row-tiles.ts";
import { productMemory, type ProductSizes, TileProducts } from "./winograd-products.ts";
import { cotangentImages, forTilePlaces, tilingOf } from "./winograd-shape.ts";
import { shuffle, temporaryBytes, TileTransforms } from "./winograd-tiles.ts";
import { points } from "./winograd-transform.ts";

/** Tiles are counted in fours along a row, so that vectors of neighbours need no gathering. */
const lanesOfRow = 4;
/** Outputs of a tile along an axis, of windows of 5 x 5. */
const size = 2;
/** Tiles along an axis that reach a pair of pixels. */
const reach = points / size;
/** Tiles whose transform stays in the second-level cache. */
const mostTiles = 128;

interface Blocking {
  /** Whole images of a unit of work, tiles of each. */
  readonly images: number;
  readonly across: number;
  readonly down: number;
  readonly tiles: number;
  readonly pass: number;
}

/** Whether the transposed form applies: the tiles of one image, which overlap, must fit one unit of work. */
export function transposes({ kh, kw, oh, ow }: Conv2dShape): boolean {
  return kh === 5 && kw === 5 && Math.max(oh, ow) <= 16;
}

/** Tiles of the whole batch, for the cost of the transposed form. */
export function transposedTiles(shape: Conv2dShape): number {
  return shape.n * block(shape).across * tilingOf(shape).down;
}

/**
 * A convolution's input gradient as the transpose of its Winograd form: each tile of the cotangent gives a tile of the
 * gradient, and those overlap and are added. For windows of 5 x 5 whose outputs are much fewer than their inputs; buffers are the
 * cotangent, the weights, the epilogue's, the gradient.
 */
export function winogradTransposed(shape: Conv2dShape, epilogue: Epilogue | null): readonly Kernel[] {
  const blocking = block(shape);
  const buffers = 3 + (epilogue?.buffers ?? 0);
  const images = readImages(cotangentImages(shape, blocking.down * size, blocking.across * size), { buffer: 0 }, buffers);
  const gradient = kernel({
    name: `conv2d input gradient winograd ${describe(shape)}`,
    key: `winograd-transposed:${conv2dKey(shape)}:${epilogue?.key ?? ""}`,
    tiles: Math.ceil(shape.n / blocking.images),
    scratchBytes: scratchOf(shape, blocking).bytes,
    workspaceBytes: images.workspaceBytes,
    buffers,
    body: (f, level, args, module) => emitTransposed(f, level, args, module, shape, images, epilogue, blocking),
  });
  return [...images.copies, gradient];
}

function block(shape: Conv2dShape): Blocking {
  const { n, c, ow } = shape;
  const across = roundUp(Math.ceil(ow / size), lanesOfRow);
  const { down } = tilingOf(shape);
  const perImage = across * down;
  // Whole panels, so that no tile of another unit's images is among them.
  const images = roundUp(
    Math.max(1, Math.min(Math.floor(mostTiles / 2 / perImage), Math.ceil(n / 8))),
    perImage % panelWidth === 0 ? 1 : 2,
  );
  return {
    images,
    across,
    down,
    tiles: images * perImage,
    pass: Math.min(c, rowsTogether),
  };
}

function sizesOf({ c, o }: Conv2dShape, { tiles, pass }: Blocking): ProductSizes {
  return { rows: c, pass, columns: tiles, steps: o };
}

/** Planes of one image's and channel's tiles, one for each of a tile's pixels, with zeros around; and the gradient's plane. */
function planesOf({ across, down }: Blocking) {
  const row = (across + 2 * lanesOfRow) * 4;
  const plane = row * (down + 2 * (reach - 1));
  const begin = row * (reach - 1) + lanesOfRow * 4;
  const width = roundUp(across + reach - 1, lanesOfRow);
  return { row, plane, begin, gradientRow: width * size * 4, bytes: plane * points * points };
}

function scratchOf(shape: Conv2dShape, blocking: Blocking) {
  const { bytes, gradientRow } = planesOf(blocking);
  const planes = temporaryBytes;
  const gradient = planes + bytes;
  const table = gradient + gradientRow * (blocking.down + reach - 1) * size;
  const products = roundUp(table + blocking.tiles * 4, 16);
  return { planes, gradient, table, products, bytes: products + productMemory(sizesOf(shape, blocking)).bytes };
}

function emitTransposed(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  module: ModuleBuilder,
  shape: Conv2dShape,
  { layout, place }: ReadImages,
  epilogue: Epilogue | null,
  blocking: Blocking,
): void {
  const { n, c, o, h, w, kh, padTop, padLeft } = shape;
  const { images, across, down, tiles } = blocking;
  const { tile, scratch, buffers } = args;
  const arithmetic = new Arithmetic(f, level);
  const transforms = new TileTransforms(f, module, level, scratch);
  const offsets = scratchOf(shape, blocking);
  const { row: planeRow, plane, begin, gradientRow } = planesOf(blocking);
  const part = (offset: number) => f.local("i32", () => f.i32.add(scratch, offset));
  const [planes, gradient, table] = [part(offsets.planes), part(offsets.gradient), part(offsets.table)];
  const sizes = sizesOf(shape, blocking);
  const products = new TileProducts(f, level, sizes, part(offsets.products));
  const lanes = f.locals("i32", 4);
  const passes = { products, transforms, lanes };
  const image0 = f.local("i32", () => f.i32.mul(tile, images));
  const perImage = across * down;

  const locateTiles = () => {
    const base = f.local("i32", () => pushPlace(f, place, args));
    const tile0 = f.local("i32", () => f.i32.mul(image0, perImage));
    forTilePlaces(f, { size, across, down, count: n * perImage }, tile0, tiles, ({ index, image, y, x }) =>
      f.i32.store(
        0,
        () => address(f, table, [index, 4]),
        () => address(f, base, [image, o * layout.planeLength * 4], [y, size * layout.rowLength * 4], [x, size * 4]),
      ),
    );
    f.free(base, tile0);
  };

  // Each pair of pixels of the gradient's rows, from the planes of the nine tiles that reach it.
  const addTiles = () => {
    const [y, x, source, target] = f.locals("i32", 4);
    const sums = f.locals("v128", size);
    const [even, odd] = sums;
    f.for(y, 0, down + reach - 1, 1, () =>
      f.for(x, 0, across + reach - 1, lanesOfRow, () => {
        f.set(source, () => address(f, planes, [y, planeRow], [x, 4]));
        f.set(target, () => address(f, gradient, [y, size * gradientRow], [x, size * 4]));
        for (let u = 0; u < size; u++) {
          sums.forEach((sum, v) => {
            for (let a = 0; a < reach; a++)
              for (let b = 0; b < reach; b++) {
                const pixel = (size * a + u) * points + size * b + v;
                const load = () => f.v128.load(pixel * plane + begin - a * planeRow - b * 4, source);
                f.set(sum, () => (a + b === 0 ? load() : f.f32x4.add(sum, load)));
              }
          });
          for (const [half, picks] of [[0, [0, 4, 1, 5]] as const, [16, [2, 6, 3, 7]] as const])
            f.v128.store(u * gradientRow + half, target, () => shuffle(f, picks, even, odd));
        }
      }),
    );
    f.free(y, x, source, target, ...sums);
  };

  // The part of the plane that is not padding, finished.
  const storePlane = (image: Local<"i32">, channel: Local<"i32">) => {
    const [y, source, target, pixel] = f.locals("i32", 4);
    const value = arithmetic.vector();
    f.set(source, () => f.i32.add(gradient, padTop * gradientRow));
    f.set(target, () => address(f, args.output, [image, c * h * w * 4], [channel, h * w * 4]));
    f.for(y, 0, h, 1, () => {
      for (const { column, count } of strip(arithmetic.lanes, w)) {
        arithmetic.load((padLeft + column) * 4, source, count);
        f.set(value);
        if (epilogue === null) arithmetic.store(column * 4, target, value, count);
        else
          finishVector(arithmetic, target, column * 4, value, count, (finished, element) => {
            f.set(pixel, () => f.i32.add(() => f.i32.mul(y, w), column + element));
            pushFinished(f, epilogue, args, finished, () => [image, channel, pixel]);
          });
      }
      f.advance(source, gradientRow);
      f.advance(target, w * 4);
    });
    f.free(y, source, target, pixel, value);
  };

  locateTiles();
  // The margins stay zero; everything within is written anew for every image and channel.
  f.memory.fill(planes, 0, planesOf(blocking).bytes);
  transformImages(f, passes, o, { table, entryBytes: 4, planeBytes: layout.planeLength * 4 }, (target) =>
    transforms.pixels("spread", size, lanes, layout.rowLength * 4, target),
  );
  const base = f.local("i32", () => f.get(at(buffers, 1)));
  const [first, end] = [f.local("i32", 0), f.local("i32", c)];
  const [inside, image, target] = f.locals("i32", 3);
  forPasses(f, passes, sizes, { base, size: kh, transposed: true, flipped: false }, [first, end], (rows) =>
    products.each(rows, tiles, (channel, index, source) => {
      f.set(image, () => f.i32.add(image0, () => f.i32.div_u(index, perImage)));
      f.set(inside, () => f.i32.rem_u(index, perImage));
      f.set(target, () => address(f, planes, [() => f.i32.div_u(inside, across), planeRow], [() => f.i32.rem_u(inside, across), 4]));
      transforms.contributions(source, (i, j, value) => f.v128.store((i * points + j) * plane + begin, target, value));
      // The image's last tiles are in: its plane can be added up.
      f.if(
        () =>
          f.i32.and(
            () => f.i32.eq(inside, perImage - lanesOfRow),
            () => f.i32.lt_s(image, n),
          ),
        () => {
          addTiles();
          storePlane(image, channel);
        },
      );
    }),
  );
}
