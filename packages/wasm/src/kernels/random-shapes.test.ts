import * as fc from "fast-check";
import { describe, it } from "vitest";
import { conv, everyProduct } from "./conv2d-reference.test.harness.ts";
import { conv2dInputGradKernels } from "./conv2d-input-gradient.ts";
import type { Conv2dShape } from "./conv2d-shape.ts";
import { conv2dWeightGradKernels } from "./conv2d-weight-gradient.ts";
import { conv2dKernels } from "./conv2d.ts";
import { expectKernels, levels, randomFloats } from "./run-kernels.test.harness.ts";

/** Thousands in a full run; a handful in every other. */
const runs = Math.ceil(Number(process.env["GRADUS_FUZZ_CASES"] ?? 4000) / 100);

const small = (most: number) => fc.integer({ min: 1, max: most });
const pads = fc.integer({ min: 0, max: 3 });
const shape: fc.Arbitrary<Conv2dShape> = fc
  .record({
    n: small(3),
    cg: small(4),
    og: small(9),
    groups: small(3),
    h: small(14),
    w: small(19),
    kh: small(4),
    kw: small(4),
    strideH: small(3),
    strideW: small(3),
    dilationH: small(2),
    dilationW: small(3),
    padTop: pads,
    padLeft: pads,
    padBottom: pads,
    padRight: pads,
  })
  .map(({ n, cg, og, groups, h, w, kh, kw, ...options }) => conv([n, cg * groups, h, w], og * groups, [kh, kw], { groups, ...options }))
  .filter(({ oh, ow }) => oh > 0 && ow > 0);

describe.each(levels)("convolutions of random shapes on %s", (level) => {
  it("agree with plain loops, with both gradients", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(shape, (one) => {
        const { n, c, h, w, o, kh, kw, groups, oh, ow } = one;
        const x = randomFloats(n * c * h * w, 1);
        const weights = randomFloats((o * c * kh * kw) / groups, 2);
        const ct = randomFloats(n * o * oh * ow, 3);
        const [y, dx, dw] = [new Float64Array(ct.length), new Float64Array(x.length), new Float64Array(weights.length)];
        everyProduct(one, (output, input, weight) => {
          y[output] = (y[output] ?? 0) + (x[input] ?? NaN) * (weights[weight] ?? NaN);
          dx[input] = (dx[input] ?? 0) + (ct[output] ?? NaN) * (weights[weight] ?? NaN);
          dw[weight] = (dw[weight] ?? 0) + (ct[output] ?? NaN) * (x[input] ?? NaN);
        });
        expectKernels(conv2dKernels(one, null), [x, weights], y, level);
        expectKernels(conv2dInputGradKernels(one, null), [ct, weights], dx, level);
        expectKernels(conv2dWeightGradKernels(one), [x, ct], dw, level);
      }),
      { numRuns: runs, seed: 4 },
    );
  });
});
