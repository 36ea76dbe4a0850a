import type { Epilogue } from "@gradus/compile";
import { type Aval, type Shape, sizeOf } from "@gradus/tensor";
import type { Candidate, KernelDevice } from "../kernel-table.ts";
import { suitedTile } from "./contraction-candidates.ts";
import { tiledKernel } from "./contraction-tiled.ts";
import type { Contraction } from "./contraction.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { type Kernel, type Kernels, type Operand, workspaceUnit } from "./kernel.ts";
import { matmulContraction } from "./matmul.ts";
import { type MakePass, type Pass, window } from "./winograd-passes.ts";
import { transformResults } from "./winograd-stages.ts";

/*
 * Convolutions of 3 x 3 windows by Winograd's minimal filtering: both factors are cut into squares and go through matrices, what they
 * give at each point is multiplied as matrices, one product a point, and these go through a third matrix. Each of the three stages is
 * spread over the whole device, and hands on through the workspace.
 */

/** A step's share of the workspace is at most this part of what a binding may show: several steps stand there side by side. */
const shareOfBinding = 1 / 4;
/** Channels from which products at points are worth their transforms. */
const leastChannels = 8;
/** How many times fewer products there are, at least. */
const worthwhile = 1.1;

/** F(4 x 4, 3 x 3) and F(2 x 2, 3 x 3), where they apply, multiply less, and fit the device's memory. */
export function winogradCandidates(
  make: MakePass,
  s: ConvolutionSteps,
  epilogue: Epilogue | null,
  device: KernelDevice,
): readonly Candidate[] {
  const applies = s.kh === window && s.kw === window && s.sh * s.sw * s.dh * s.dw * s.groups === 1;
  if (device.convolution === "direct" || !applies || Math.min(s.c, s.o) < leastChannels || s.n * s.oh * s.ow * s.h * s.w === 0) return [];
  return [4, 2].flatMap((outputs) => {
    const pass = make(s, outputs);
    const products = sizeOf(pass.left) * (pass.sumsLast ? s.c : (pass.right[2] ?? 0));
    if (products * worthwhile > s.n * s.oh * s.ow * s.c * s.o * window ** 2) return [];
    const planned = planOf(pass, device);
    if (planned === null || 4 * planned.words > device.bindingBytes * shareOfBinding) return [];
    const kernels: Candidate["kernels"] = ({ reads: [first = 0, second = 0], write }) =>
      planned.kernels([buffer(first), buffer(second)], { epilogue, write });
    return [{ name: `winograd ${outputs}x${outputs}`, kernels }];
  });
}

interface Planned {
  /** Words of the workspace. */
  readonly words: number;
  readonly kernels: (operands: readonly [Operand, Operand], ending: Ending) => Kernels;
}

/** The stages of a pass on a device, null where that has room for no tile. */
function planOf(pass: Pass, device: KernelDevice): Planned | null {
  const left = region(0, sizeOf(pass.left));
  const right = region(left.end, sizeOf(pass.right));
  const contraction = productsAtPoints(pass, left.operand(false), right.operand(false));
  const suited = suitedTile(contraction, device);
  if (suited === null) return null;
  const { tile, parts } = suited;
  const { results } = pass;
  const count = results.perPoint * (pass.left[0] ?? 0);
  // Results that are finished by a kernel of their own wait for it at the workspace's start.
  const waiting = results.count * results.matrix.length ** 2;
  const sums = region(Math.max(right.end, waiting), count * parts);
  return {
    words: sums.end,
    kernels: (operands, ending) => [
      ...pass.fill(operands, left.operand(true), right.operand(true)),
      tiledKernel(contraction, intoWorkspace(sums.operand(true), count), tile, parts),
      ...withEnding(
        ending,
        1,
        (finish): Kernel => transformResults({ name: `${pass.name} results`, from: sums.operand(false), parts, finish, ...results }),
        1,
      ),
    ],
  };
}

/** One matrix product for each point. */
function productsAtPoints({ name, left, right, sumsLast }: Pass, a: Operand, b: Operand): Contraction {
  const [points = 1, ...leftAxes] = left;
  const [, ...rightAxes] = right;
  const outer = (axes: Shape): number => axes[sumsLast ? 0 : 1] ?? 0;
  const matrices = (shape: Shape): Aval => ({ shape, dtype: "float32" });
  const call = {
    x: { a: matrices(left), b: matrices(right) },
    attrs: { transposeA: !sumsLast, transposeB: sumsLast },
    out: matrices([points, outer(leftAxes), outer(rightAxes)]),
  };
  return { ...matmulContraction(call, [a, b]), name };
}

/** A contraction's end that leaves sums in the workspace, part by part. */
function intoWorkspace(operand: Operand, count: number): Finish {
  const target = 2;
  return {
    operands: [operand],
    store: (memory, _library, position, value) =>
      memory.isVectors(target)
        ? memory.storeVector(target, `(part * ${count} + ${position}) / 4`, value)
        : memory.store(target, `part * ${count} + ${position}`, value),
    inFours: (memory) => memory.asVectors(target),
  };
}

interface Region {
  readonly end: number;
  readonly operand: (written: boolean) => Operand;
}

/** Floats in the workspace from a word on. */
function region(from: number, words: number): Region {
  const offset = Math.ceil(from / workspaceUnit) * workspaceUnit;
  return { end: offset + words, operand: (written) => ({ kind: "workspace", words, offset, dtype: "float32", written }) };
}

function buffer(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
