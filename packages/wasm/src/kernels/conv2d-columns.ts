import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic, type Vector } from "./arithmetic.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Finished, type Epilogue, type Kernel, type KernelArguments, kernel, type Level, pushFinished } from "./kernel.ts";
import { address, coordinates, cut, forTiles, roundUp } from "./ranges.ts";
import { rowTiles, tileTime } from "./row-tiles.ts";
import { at, finishVector, strip, Tile } from "./tile.ts";

const operationsPerTile = 6_000_000;
/** A tile's columns stay in the second-level cache until they are gathered. */
const columnBytes = 196_608;
const unroll = 4;
/** The gather's vector loads may begin or end this far outside the columns; lanes from there are masked. */
const margin = 16;

/**
 * Input gradient through columns: for each image, weights^T times the cotangent gives every tap's product for every
 * output, [channel, tap, pixel] in scratch; each input pixel then sums those that its taps reach.
 */
export function columnGradient(shape: Conv2dShape, epilogue: Epilogue | null): Kernel {
  const { n, c, kh, kw, groups, oh, ow } = shape;
  const cg = c / groups;
  const channels = channelBlock(shape);
  return kernel({
    name: `conv2d input gradient ${describe(shape)}`,
    key: `conv2d-columns:${conv2dKey(shape)}:${epilogue?.key ?? ""}`,
    tiles: n * groups * (cg / channels),
    scratchBytes: roundUp(channels * kh * kw * oh * ow * 4, 16) + 2 * margin,
    workspaceBytes: 0,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitColumns(f, level, args, shape, channels, epilogue),
  });
}

/** How many channels a tile takes: a divisor of the group's, whose taps fill register tiles well. */
function channelBlock({ c, o, kh, kw, groups, oh, ow }: Conv2dShape): number {
  const [cg, og, taps] = [c / groups, o / groups, kh * kw];
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let channels = 1; channels <= cg; channels++) {
    if (cg % channels !== 0) continue;
    const rows = channels * taps;
    if (channels > 1 && (rows * oh * ow * 4 > columnBytes || 2 * og * rows * oh * ow > operationsPerTile)) break;
    const time = tileTime(rowTiles(rows, "relaxed")) / rows;
    if (time <= least) [best, least] = [channels, time];
  }
  return best;
}

function emitColumns(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  shape: Conv2dShape,
  channels: number,
  epilogue: Epilogue | null,
): void {
  const { n, c, o, h, w, kh, kw, groups, oh, ow } = shape;
  const [cg, og, taps, pixels] = [c / groups, o / groups, kh * kw, oh * ow];
  const { tile, scratch, buffers } = args;
  const arithmetic = new Arithmetic(f, level);
  const [image, group, index] = coordinates(f, tile, [n, groups, cg / channels]);
  const channel0 = f.local("i32", () => f.i32.mul(index, channels));
  const columns = f.local("i32", () => f.i32.add(scratch, margin));
  const plane = f.local("i32", () => address(f, group, [image, groups]));
  const cotangent = f.local("i32", () => address(f, at(buffers, 0), [plane, og * pixels * 4]));
  const weights = f.local("i32", () => address(f, at(buffers, 1), [group, og * cg * taps * 4], [channel0, taps * 4]));
  multiplyColumns(arithmetic, { rows: channels * taps, pixels, steps: og, weightStep: cg * taps * 4 }, weights, cotangent, columns);

  // Channels of the whole batch, counted image by image: the gather's output planes.
  const first = f.local("i32", () => f.i32.add(channel0, () => f.i32.mul(group, cg)));
  const target = f.local("i32", () => address(f, args.output, [image, c * h * w * 4], [first, h * w * 4]));
  const [channel, last] = [f.local("i32"), f.local("i32", () => f.i32.add(first, channels))];
  const gather = new Gather(arithmetic, shape);
  f.for(channel, first, last, 1, () => {
    gather.plane(
      columns,
      target,
      (pixel, value) => {
        pushFinished(f, epilogue, args, value, () => [image, channel, pixel]);
      },
      epilogue !== null,
    );
    f.advance(columns, taps * pixels * 4);
    f.advance(target, h * w * 4);
  });
}

interface Product {
  readonly rows: number;
  readonly pixels: number;
  readonly steps: number;
  readonly weightStep: number;
}

/** columns[row, pixel] = sum over steps of weights[step, row] * cotangent[step, pixel]. */
function multiplyColumns(
  arithmetic: Arithmetic,
  { rows, pixels, steps, weightStep }: Product,
  weights: Local<"i32">,
  cotangent: Local<"i32">,
  columns: Local<"i32">,
): void {
  const { f, lanes, level } = arithmetic;
  const [a, b, c, turn] = f.locals("i32", 4);
  const few = { 1: 32, 2: 16, 3: 12 }[rows] ?? 8;
  forTiles(f, rowTiles(rows, level), 0, rows, (row, height) =>
    forTiles(f, cut(pixels, few), 0, pixels, (pixel, width) => {
      const sums = new Tile(arithmetic, height, strip(lanes, width));
      f.set(a, () => address(f, weights, [row, 4]));
      f.set(b, () => address(f, cotangent, [pixel, 4]));
      f.set(c, () => address(f, columns, [row, pixels * 4], [pixel, 4]));
      sums.zero();
      const products = (count: number) => {
        for (let i = 0; i < count; i++)
          sums.step(
            (r) => arithmetic.splat(i * weightStep + r * 4, a),
            (column, used) => arithmetic.load((i * pixels + column) * 4, b, used),
          );
      };
      f.for(turn, 0, steps - (steps % unroll), unroll, () => {
        products(unroll);
        f.advance(a, unroll * weightStep);
        f.advance(b, unroll * pixels * 4);
      });
      products(steps % unroll);
      sums.save(c, pixels * 4);
      sums.free();
    }),
  );
  f.free(a, b, c, turn);
}

/** A vector of input pixels of one stride phase: columns `phase + strideW * (first + lane)`. */
interface GatherVector {
  readonly phase: number;
  readonly first: number;
  readonly count: number;
}

/** Sums, for each pixel of an input plane, the column entries of the taps that reach it. */
class Gather {
  readonly #arithmetic: Arithmetic;
  readonly #shape: Conv2dShape;

  constructor(arithmetic: Arithmetic, shape: Conv2dShape) {
    this.#arithmetic = arithmetic;
    this.#shape = shape;
  }

  plane(columns: Local<"i32">, target: Local<"i32">, finish: (pixel: Local<"i32">, value: Finished) => void, finishes: boolean): void {
    const { f, lanes } = this.#arithmetic;
    const { h, w, strideW } = this.#shape;
    const vectors: GatherVector[] = [];
    for (let phase = 0; phase < Math.min(strideW, w); phase++) {
      const length = Math.ceil((w - phase) / strideW);
      for (let first = 0; first < length; first += lanes) vectors.push({ phase, first, count: Math.min(lanes, length - first) });
    }
    const [row, out, pixel] = [f.local("i32"), f.local("i32", target), f.local("i32")];
    f.for(row, 0, h, 1, () => {
      for (let from = 0; from < vectors.length; from += 4) {
        const group = vectors.slice(from, from + 4);
        const sums = this.#sums(columns, row, group);
        group.forEach((vector, i) => this.#store(out, row, pixel, vector, at(sums, i), finish, finishes));
        f.free(...sums);
      }
      f.advance(out, w * 4);
    });
    f.free(row, out, pixel);
  }

  /** Two accumulators per vector, so that one addition does not wait for the other. */
  #sums(columns: Local<"i32">, row: Local<"i32">, group: readonly GatherVector[]): Vector[] {
    const arithmetic = this.#arithmetic;
    const { f } = arithmetic;
    const { kh, kw, oh, ow, padTop, strideH, dilationH } = this.#shape;
    const [even, odd] = [arithmetic.vectors(group.length), arithmetic.vectors(group.length)];
    for (const sum of [...even, ...odd]) {
      arithmetic.zero();
      f.set(sum);
    }
    const [dy, reached, from] = f.locals("i32", 3);
    f.for(dy, 0, kh, 1, () => {
      f.set(reached, () =>
        f.i32.sub(
          () => f.i32.add(row, padTop),
          () => f.i32.mul(dy, dilationH),
        ),
      );
      const inside = () => {
        f.i32.lt_u(reached, oh * strideH);
        if (strideH > 1) f.i32.and(() => f.i32.eqz(() => f.i32.rem_u(reached, strideH)));
      };
      f.if(inside, () => {
        const outputRow = () => (strideH === 1 ? f.get(reached) : f.i32.div_u(reached, strideH));
        f.set(from, () => address(f, columns, [dy, kw * oh * ow * 4], [outputRow, ow * 4]));
        for (let dx = 0; dx < kw; dx++)
          group.forEach((vector, i) => {
            const load = this.#entry(from, vector, dx);
            if (load !== null) arithmetic.add(at(dx % 2 === 0 ? even : odd, i), load);
          });
      });
    });
    even.forEach((sum, i) => arithmetic.add(sum, () => f.get(at(odd, i))));
    f.free(dy, reached, from, ...odd);
    return even;
  }

  /** How to push tap `dx`'s entries for a vector, lanes outside the row as zeros; null if all are. */
  #entry(from: Local<"i32">, { phase, first, count }: GatherVector, dx: number): (() => void) | null {
    const { f, type } = this.#arithmetic;
    const { oh, ow, padLeft, strideW, dilationW } = this.#shape;
    const reached = phase + padLeft - dx * dilationW;
    if (reached % strideW !== 0) return null;
    const column = first + reached / strideW;
    const valid = Array.from({ length: count }, (_, lane) => column + lane >= 0 && column + lane < ow);
    if (!valid.includes(true)) return null;
    // The row may begin before its first column: the address is moved, for an offset cannot be negative.
    const offset = (dx * oh * ow + column) * 4;
    const place = offset < 0 ? () => f.i32.add(from, offset) : from;
    if (type === "f32") return () => f.f32.load(Math.max(0, offset), place);
    return () => {
      f.v128.load(Math.max(0, offset), place);
      if (valid.includes(false))
        f.v128.and(() => f.v128.const(new Uint8Array(new Int32Array([0, 1, 2, 3].map((lane) => (valid[lane] === true ? -1 : 0))).buffer)));
    };
  }

  #store(
    out: Local<"i32">,
    row: Local<"i32">,
    pixel: Local<"i32">,
    { phase, first, count }: GatherVector,
    sum: Vector,
    finish: (pixel: Local<"i32">, value: Finished) => void,
    finishes: boolean,
  ): void {
    const arithmetic = this.#arithmetic;
    const { f } = arithmetic;
    const { w, strideW } = this.#shape;
    const column = phase + first * strideW;
    const at = (element: number, value: Finished) => {
      if (finishes) f.set(pixel, () => f.i32.add(() => f.i32.mul(row, w), column + element * strideW));
      finish(pixel, value);
    };
    if (strideW === 1 && !finishes) return arithmetic.store(column * 4, out, sum, count);
    if (strideW === 1) return finishVector(arithmetic, out, column * 4, sum, count, (value, element) => at(element, value));
    const element = f.local("f32");
    for (let i = 0; i < count; i++) {
      arithmetic.element(i, sum);
      f.set(element);
      f.f32.store((column + i * strideW) * 4, out, () => at(i, { lanes: 1, accumulator: element }));
    }
    f.free(element);
  }
}
