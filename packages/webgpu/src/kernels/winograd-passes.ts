import type { Shape } from "@gradus/tensor";
import { spread } from "../wgsl/module.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import type { Kernels, Operand } from "./kernel.ts";
import { minimalFiltering } from "./winograd-matrices.ts";
import { type ResultsOptions, type SquarePlace, type Tiling, transformImages, transformWindows, wholeFours } from "./winograd-stages.ts";

/** Taps of a window, both ways. */
export const window = 3;

/** A pass of a convolution for squares of some size: what each stage is given. */
export interface Pass {
  readonly name: string;
  /** Left and right factors of the products at the points, and whether their last axis is the one summed over. */
  readonly left: Shape;
  readonly right: Shape;
  readonly sumsLast: boolean;
  /** Kernels that fill them: from operand 0 or 1 of the call. */
  readonly fill: (operands: readonly [Operand, Operand], left: Operand, right: Operand) => Kernels;
  readonly results: Omit<ResultsOptions, "name" | "from" | "parts" | "finish">;
}

/** The pass that takes squares of so many outputs both ways. */
export type MakePass = (s: ConvolutionSteps, outputs: number) => Pass;

/** y: squares of x, and windows. */
export const winogradForward: MakePass = (s, outputs) =>
  imagesPass("conv2d", outputs, {
    images: s.n,
    channels: s.c,
    height: s.h,
    width: s.w,
    top: s.top,
    left: s.left,
    results: [s.o, s.oh, s.ow],
    window: (to, from) => `${to} * ${s.c} + ${from}`,
    turned: false,
  });

/** dx: the same with squares of dy, and windows turned around. */
export const winogradInputGrad: MakePass = (s, outputs) =>
  imagesPass("conv2d input gradient", outputs, {
    images: s.n,
    channels: s.o,
    height: s.oh,
    width: s.ow,
    top: window - 1 - s.top,
    left: window - 1 - s.left,
    results: [s.c, s.h, s.w],
    window: (to, from) => `${from} * ${s.c} + ${to}`,
    turned: true,
  });

interface ImagesPassOptions {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
  /** Channels, height and width. */
  readonly results: readonly [number, number, number];
  readonly window: (to: string, from: string) => string;
  readonly turned: boolean;
}

function imagesPass(name: string, outputs: number, { results, window: windowOf, turned, ...options }: ImagesPassOptions): Pass {
  const { image, filter, output } = minimalFiltering(outputs, window);
  const [outer, height, width] = results;
  const { images, channels } = options;
  const tiling = tilingOf(images, [height, width], outputs);
  const points = image.length ** 2;
  const place = spread("number", [outer, images, tiling.down, tiling.across], "axis");
  const [channel = "0", n = "0", i = "0", j = "0"] = place.names;
  const left = [points, channels, wholeFours(outer)];
  return {
    name: `${name} winograd ${outputs}x${outputs}`,
    left,
    right: [points, channels, tiling.padded],
    sumsLast: false,
    fill: ([from, weights], toLeft, toRight) => [
      transformWindows({
        name: `${name} winograd windows`,
        from: weights,
        to: toLeft,
        matrix: filter,
        inner: channels,
        outer,
        side: window,
        window: windowOf,
        turned,
      }),
      transformImages({ name: `${name} winograd images`, from, to: toRight, matrix: image, tiling, ...options }),
    ],
    results: {
      matrix: output,
      count: outer * tiling.count,
      perPoint: wholeFours(outer) * tiling.padded,
      place: {
        statements: place.statements,
        number: `${channel} * ${tiling.padded} + number % ${tiling.count}`,
        position: `((${n} * ${outer} + ${channel}) * ${height} + ${i} * ${outputs}) * ${width} + ${j} * ${outputs}`,
        pitch: width,
        rows: height % outputs === 0 ? null : `${height} - ${i} * ${outputs}`,
        columns: width % outputs === 0 ? null : `${width} - ${j} * ${outputs}`,
        inFours: outputs === 4 && width % 4 === 0,
      },
    },
  };
}

/** dw: squares of dy are the filter that goes over those of x, and the products of all squares are summed. */
export const winogradWeightGrad: MakePass = (s, outputs) => {
  const name = "conv2d weight gradient";
  const { image, filter, output } = minimalFiltering(window, outputs);
  const tiling = tilingOf(s.n, [s.oh, s.ow], outputs);
  const points = image.length ** 2;
  const place: SquarePlace = {
    statements: "",
    number: "number",
    position: `number * ${window ** 2}`,
    pitch: window,
    rows: null,
    columns: null,
    inFours: false,
  };
  return {
    name: `${name} winograd ${outputs}x${outputs}`,
    left: [points, s.o, tiling.padded],
    right: [points, s.c, tiling.padded],
    sumsLast: true,
    fill: ([x, ct], toLeft, toRight) => [
      transformImages({
        name: `${name} winograd cotangents`,
        from: ct,
        to: toLeft,
        matrix: filter,
        tiling,
        channels: s.o,
        height: s.oh,
        width: s.ow,
        top: 0,
        left: 0,
      }),
      transformImages({
        name: `${name} winograd images`,
        from: x,
        to: toRight,
        matrix: image,
        tiling,
        channels: s.c,
        height: s.h,
        width: s.w,
        top: s.top,
        left: s.left,
      }),
    ],
    results: { matrix: output, count: s.o * s.c, perPoint: s.o * s.c, place },
  };
};

function tilingOf(images: number, [height, width]: readonly [number, number], step: number): Tiling {
  const down = Math.ceil(height / step);
  const across = Math.ceil(width / step);
  const count = images * down * across;
  return { images, down, across, step, count, padded: wholeFours(count) };
}
