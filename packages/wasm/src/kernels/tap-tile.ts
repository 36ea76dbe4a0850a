import type { Level } from "./kernel.ts";

/** A register tile of the weight gradient: output channels x taps, the taps being channels x rows x columns of the window. */
export interface TapTile {
  readonly outputs: number;
  readonly channels: number;
  /** One row of the window, or all of them. */
  readonly tapRows: number;
  readonly width: number;
}

/** V8 leaves 15 vector registers; plain SIMD needs one of them for the product before it is added. */
const temporaries = { relaxed: 1, simd: 2, scalar: 2 } as const satisfies Record<Level, number>;
const registers = 15;

/** The tile that keeps the multiply-add units busiest: enough sums to hide their latency, few loads, little left over. */
export function tapTile(level: Level, og: number, cg: number, kh: number, kw: number): TapTile {
  let best: TapTile = { outputs: 1, channels: 1, tapRows: 1, width: 1 };
  let highest = 0;
  for (const tapRows of new Set([1, kh]))
    for (let parts = 1; parts <= kw; parts++) {
      const width = Math.ceil(kw / parts);
      for (let channels = 1; channels <= Math.min(cg, 6); channels++)
        for (let outputs = 1; outputs <= Math.min(og, 4); outputs++) {
          const taps = channels * tapRows * width;
          const sums = outputs * taps;
          if (sums + outputs + temporaries[level] > registers) continue;
          // Two multiply-adds or two loads a cycle, a multiply-add every four; shifted loads cross cache lines now and then.
          const cycles = Math.max(sums / 2, (outputs + 1.2 * taps) / 2, 4);
          const used = share(og, outputs) * share(cg, channels) * share(kw, width);
          const score = (sums / cycles) * used + sums * 1e-3;
          if (score > highest) {
            highest = score;
            best = { outputs, channels, tapRows, width };
          }
        }
    }
  return best;
}

/** Sizes that are whole numbers of tiles on every level, for blocks that do not depend on the level. */
export function tapTileUnits(og: number, cg: number, kh: number, kw: number): { outputs: number; channels: number; tapRows: number } {
  const tiles = (["relaxed", "simd", "scalar"] as const).map((level) => tapTile(level, og, cg, kh, kw));
  return {
    outputs: tiles.reduce((unit, { outputs }) => multiple(unit, outputs), 1),
    channels: tiles.reduce((unit, { channels }) => multiple(unit, channels), 1),
    tapRows: Math.max(...tiles.map(({ tapRows }) => tapRows)),
  };
}

function share(count: number, size: number): number {
  return count / (Math.ceil(count / size) * size);
}

/** The least common multiple. */
function multiple(a: number, b: number): number {
  let value = a;
  while (value % b !== 0) value += a;
  return value;
}
