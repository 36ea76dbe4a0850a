import type { Conv2dShape } from "./conv2d-shape.ts";
import { type Kernel, kernel } from "./kernel.ts";
import { address, blockEnd, blockSize, coordinates, roundUp } from "./ranges.ts";
import { at } from "./tile.ts";

type Weights = Pick<Conv2dShape, "o" | "c" | "kh" | "kw" | "groups">;

export function flippedBytes({ o, c, kh, kw, groups }: Weights): number {
  return roundUp(((o * c) / groups) * kh * kw * 4, 16);
}

/** Weights [o, c / groups, kh, kw] as [c, o / groups, kh, kw] with the window turned around, at the workspace's start. */
export function flipWeights({ o, c, kh, kw, groups }: Weights, buffers: number): Kernel {
  const [og, cg, taps] = [o / groups, c / groups, kh * kw];
  const block = Math.min(cg, blockSize(cg, 20_000 / (og * taps), 1));
  const blocks = Math.ceil(cg / block);
  return kernel({
    name: `flip ${o}x${cg}x${kh}x${kw}`,
    key: `flip:${o},${c},${kh},${kw},${groups},${buffers}`,
    tiles: groups * blocks,
    scratchBytes: 0,
    workspaceBytes: flippedBytes({ o, c, kh, kw, groups }),
    buffers,
    body: (f, _level, { tile, workspace, buffers: addresses }) => {
      const [group, index] = coordinates(f, tile, [groups, blocks]);
      const channel = f.local("i32", () => f.i32.mul(index, block));
      const end = blockEnd(f, channel, block, cg);
      const [from, to, output, tap] = f.locals("i32", 4);
      f.for(channel, channel, end, 1, () => {
        f.set(from, () => address(f, at(addresses, 1), [group, og * cg * taps * 4], [channel, taps * 4]));
        f.set(to, () => address(f, workspace, [group, og * cg * taps * 4], [channel, og * taps * 4]));
        f.for(output, 0, og, 1, () => {
          if (taps <= 25) for (let i = 0; i < taps; i++) f.f32.store((taps - 1 - i) * 4, to, () => f.f32.load(i * 4, from));
          else
            f.for(tap, 0, taps, 1, () =>
              f.f32.store(
                0,
                () => address(f, to, [() => f.i32.sub(taps - 1, tap), 4]),
                () => f.f32.load(0, () => address(f, from, [tap, 4])),
              ),
            );
          f.advance(from, cg * taps * 4);
          f.advance(to, taps * 4);
        });
      });
    },
  });
}
