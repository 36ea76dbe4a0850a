import type { FunctionBuilder, Local } from "../asm/index.ts";
import { Arithmetic } from "./arithmetic.ts";
import { type ReadImages, readImages } from "./conv2d-pad.ts";
import { conv2dKey, type Conv2dShape, describe } from "./conv2d-shape.ts";
import { type Epilogue, type Kernel, type KernelArguments, kernel, type Level, pushFinished } from "./kernel.ts";
import { pushPlace } from "./place.ts";
import { address, blockSize, coordinates, cut, forTiles, minimum } from "./ranges.ts";
import { tallest } from "./row-tiles.ts";
import { at, strip, Tile, type TileVector } from "./tile.ts";

const operationsPerTile = 4_000_000;
const width = 8;
const mostTaps = 128;

/** Few channels would leave register tiles of columns x channels empty, and a stride's phases fill them. */
export function hasPhases({ c, groups, kh, kw, strideH, strideW }: Conv2dShape): boolean {
  return c / groups <= 4 && strideW > 1 && strideW <= 5 && kh >= strideH && kw >= strideW && kh * kw <= mostTaps;
}

/**
 * Input gradient of a strided convolution by phases: input pixels that are equal modulo the stride see the same taps, so each
 * phase is a convolution of the cotangent with every stride-th tap. A register tile holds a few channels x the column phases of
 * adjacent pixels, which read the same cotangents; nothing is multiplied by a zero but at the edges.
 */
export function phaseGradient(shape: Conv2dShape, epilogue: Epilogue | null): readonly Kernel[] {
  const buffers = 3 + (epilogue?.buffers ?? 0);
  const phases = phasesOf(shape);
  const images = readImages(phases.seen, { buffer: 0 }, buffers);
  return [...images.copies, byPhases(shape, phases, images, epilogue)];
}

/** A tap of one direction: the phase whose pixels it reaches, and where it reads from there. */
interface PhaseTap {
  readonly phase: number;
  readonly tap: number;
  readonly from: number;
}

interface Phases {
  readonly rows: readonly PhaseTap[];
  readonly columns: readonly PhaseTap[];
  /** The cotangent as a convolution of stride 1 would see it whose window spans every phase's taps. */
  readonly seen: Conv2dShape;
}

function phasesOf(shape: Conv2dShape): Phases {
  const { c, h, w, o, kh, kw, oh, ow, strideH, strideW, dilationH, dilationW, padTop, padLeft } = shape;
  const reach = (taps: number, stride: number, dilation: number, pad: number) =>
    Array.from({ length: taps * stride }, (_, i) => ({ tap: i % taps, phase: Math.floor(i / taps) }))
      .map(({ tap, phase }) => ({ tap, phase, from: (phase + pad - tap * dilation) / stride }))
      .filter(({ from }) => Number.isInteger(from));
  const [rows, columns] = [reach(kh, strideH, dilationH, padTop), reach(kw, strideW, dilationW, padLeft)];
  const span = (taps: readonly PhaseTap[]) => {
    const least = Math.min(...taps.map(({ from }) => from));
    return { least, size: Math.max(...taps.map(({ from }) => from)) - least + 1 };
  };
  const [tall, wide] = [span(rows), span(columns)];
  const plain = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, padBottom: 0, padRight: 0 };
  return {
    rows: rows.map((tap) => ({ ...tap, from: tap.from - tall.least })),
    columns: columns.map((tap) => ({ ...tap, from: tap.from - wide.least })),
    seen: {
      ...shape,
      ...plain,
      c: o,
      h: oh,
      w: ow,
      o: c,
      kh: tall.size,
      kw: wide.size,
      padTop: -tall.least,
      padLeft: -wide.least,
      oh: Math.ceil(h / strideH),
      ow: Math.ceil(w / strideW),
    },
  };
}

function byPhases(shape: Conv2dShape, phases: Phases, images: ReadImages, epilogue: Epilogue | null): Kernel {
  const { n, c, o, groups, kh, kw, strideH, strideW } = shape;
  const { oh: height, ow: breadth } = phases.seen;
  const perRow = (2 * o * c * kh * kw * breadth) / groups ** 2;
  const rowBlock = Math.min(height, blockSize(height, operationsPerTile / Math.max(1, perRow), 1));
  return kernel({
    name: `conv2d input gradient by ${strideH}x${strideW} phases ${describe(shape)}`,
    key: `conv2d-phases:${conv2dKey(shape)}:${epilogue?.key ?? ""}`,
    tiles: n * groups * Math.ceil(height / rowBlock),
    scratchBytes: 0,
    workspaceBytes: images.workspaceBytes,
    buffers: 3 + (epilogue?.buffers ?? 0),
    body: (f, level, args) => emitPhases(f, level, args, shape, phases, images, epilogue, rowBlock),
  });
}

function emitPhases(
  f: FunctionBuilder,
  level: Level,
  args: KernelArguments,
  shape: Conv2dShape,
  { rows, columns, seen }: Phases,
  { layout, place }: ReadImages,
  epilogue: Epilogue | null,
  rowBlock: number,
): void {
  const { n, c, h, w, o, kh, kw, groups, strideH, strideW } = shape;
  const [cg, og, taps] = [c / groups, o / groups, kh * kw];
  const { tile, buffers } = args;
  const arithmetic = new Arithmetic(f, level);
  const { lanes } = arithmetic;
  const planeBytes = layout.planeLength * 4;
  const [image, group, block] = coordinates(f, tile, [n, groups, Math.ceil(seen.oh / rowBlock)]);
  const plane = f.local("i32", () => address(f, group, [image, groups]));
  const imageBase = f.local("i32", () => address(f, () => pushPlace(f, place, args), [plane, og * planeBytes]));
  const weightBase = f.local("i32", () => address(f, at(buffers, 1), [group, og * cg * taps * 4]));
  const outputBase = f.local("i32", () => address(f, args.output, [plane, cg * h * w * 4]));
  const row0 = f.local("i32", () => f.i32.mul(block, rowBlock));
  const rowEnd = f.local("i32", () => f.i32.add(row0, rowBlock));
  const [row, column, end, turn] = f.locals("i32", 4);
  const [imageAt, weightAt, outputAt, pixel] = f.locals("i32", 4);
  const [channelAxis, pixelAxis, element] = [f.local("i32"), f.local("i32"), f.local("f32")];

  /** Columns `strideW * (column + lane) + phase` of rows `strideH * row + rowPhase`; the tile's rows are channels x phases. */
  const microkernel = (channel: Local<"i32">, channels: number, rowPhase: number, vectors: readonly TileVector[], left: number) => {
    const sums = new Tile(arithmetic, channels * strideW, vectors);
    f.set(imageAt, () =>
      f.i32.add(
        () => address(f, imageBase, [row, layout.rowLength * 4]),
        () => f.i32.shl(column, 2),
      ),
    );
    f.set(weightAt, () => address(f, weightBase, [channel, taps * 4]));
    f.set(pixel, () => address(f, () => f.i32.mul(column, strideW), [row, strideH * w]));
    f.advance(pixel, rowPhase * w);
    f.set(outputAt, () => address(f, outputBase, [channel, h * w * 4], [pixel, 4]));
    sums.zero();
    f.for(turn, 0, og, 1, () => {
      for (const { from: fromRow, tap: dy } of rows.filter(({ phase }) => phase === rowPhase))
        for (const from of new Set(columns.map((tap) => tap.from))) {
          const there = columns.filter((tap) => tap.from === from);
          const reaching = Array.from({ length: channels * strideW }, (_, r) => there.find(({ phase }) => phase === r % strideW));
          sums.step(
            (r) => arithmetic.splat((Math.floor(r / strideW) * taps + dy * kw + (reaching[r]?.tap ?? 0)) * 4, weightAt),
            (first, count) => arithmetic.load((fromRow * layout.rowLength + from + first) * 4, imageAt, layout.copied ? lanes : count),
            { rows: reaching.flatMap((tap, r) => (tap === undefined ? [] : [r])) },
          );
        }
      f.advance(imageAt, planeBytes);
      f.advance(weightAt, cg * taps * 4);
    });
    sums.each((r, first, count, sum) => {
      const offset = first * strideW + (r % strideW);
      for (let lane = 0; lane < count && offset + lane * strideW < left; lane++) {
        arithmetic.element(lane, sum);
        f.set(element);
        f.f32.store((Math.floor(r / strideW) * h * w + offset + lane * strideW) * 4, outputAt, () =>
          pushFinished(f, epilogue, args, { lanes: 1, accumulator: element }, () => {
            f.set(channelAxis, () => f.i32.add(() => address(f, channel, [group, cg]), Math.floor(r / strideW)));
            f.set(pixelAxis, () => f.i32.add(pixel, offset + lane * strideW));
            return [image, channelAxis, pixelAxis];
          }),
        );
      }
    });
    sums.free();
  };

  const together = Math.min(cg, Math.max(1, Math.floor(tallest[level] / strideW)));
  const whole = Math.floor(w / strideW / width) * width;
  forTiles(f, cut(cg, together), 0, cg, (channel, channels) => {
    for (let phase = 0; phase < Math.min(strideH, h); phase++) {
      f.set(end, () => minimum(f, rowEnd, Math.ceil((h - phase) / strideH)));
      f.for(row, row0, end, 1, () => {
        f.for(column, 0, whole, width, () => microkernel(channel, channels, phase, strip(lanes, width), Number.POSITIVE_INFINITY));
        if (whole === seen.ow) return;
        f.set(column, whole);
        microkernel(channel, channels, phase, strip(lanes, seen.ow - whole), w - whole * strideW);
      });
    }
  });
}
