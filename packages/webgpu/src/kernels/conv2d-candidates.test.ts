import type { LibraryCall } from "@gradus/compile";
import { type Aval, convolvedSize, type Shape } from "@gradus/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { deferredKernels, type KernelDevice, kernelTable } from "../kernel-table.ts";

beforeAll(async () => deferredKernels.conv2d?.load());

const gpu: KernelDevice = {
  software: false,
  workgroupBytes: 49_152,
  workgroupSize: 1024,
  bindingBytes: 2 ** 31,
  subgroupSize: 1,
  f16: false,
  convolution: "fastest",
};

interface Attributes {
  readonly padding?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** The names of all candidates for each pass of a convolution of square images. */
function names(
  x: Shape,
  weight: Shape,
  { padding = 1, stride = 1, dilation = 1, groups = 1 }: Attributes = {},
  device = gpu,
): readonly (readonly string[])[] {
  const floats = (shape: Shape): Aval => ({ shape, dtype: "float32" });
  const size = convolvedSize(x[2] ?? 0, weight[2] ?? 0, stride, dilation, padding, padding);
  const ct = floats([x[0] ?? 0, weight[0] ?? 0, size, size]);
  const attrs = { stride: [stride, stride], padding: [padding, padding, padding, padding], dilation: [dilation, dilation], groups };
  const [images, weights] = [floats(x), floats(weight)];
  const forward: LibraryCall<"conv2d"> = { x: { x: images, weight: weights }, attrs, out: ct };
  const table = kernelTable(device);
  return [
    table.conv2d(forward, null),
    table.conv2dInputGrad({ x: { ct, weight: weights }, attrs: { ...attrs, inputShape: x }, out: images }, null),
    table.conv2dWeightGrad({ x: { x: images, ct }, attrs: { ...attrs, weightShape: weight }, out: weights }, null),
  ].map((candidates) => candidates.map(({ name }) => name));
}

const squares = ["winograd 4x4", "winograd 2x2"];

describe("Winograd's algorithm", () => {
  const [x, weight] = [
    [8, 64, 56, 56],
    [64, 64, 3, 3],
  ];
  const offered = (...args: Parameters<typeof names>): readonly (readonly string[])[] =>
    names(...args).map((all) => all.filter((name) => name.startsWith("winograd")));

  test("is offered for 3 x 3 windows over many channels in all three passes, and never first", () => {
    expect(offered(x, weight)).toEqual([squares, squares, squares]);
    for (const [first] of names(x, weight)) expect(first).not.toContain("winograd");
  });

  test.each<readonly [string, Shape, Shape, Attributes, Partial<KernelDevice>]>([
    ["where every product is to be summed", x, weight, {}, { convolution: "direct" }],
    ["for strides", x, weight, { stride: 2 }, {}],
    ["for dilation", x, weight, { dilation: 2 }, {}],
    ["for windows of another size", x, [64, 64, 5, 5], {}, {}],
    ["for groups", x, [64, 32, 3, 3], { groups: 2 }, {}],
    ["for few channels", [8, 3, 56, 56], [64, 3, 3, 3], {}, {}],
    ["for no images", [0, 64, 56, 56], weight, {}, {}],
    ["where a device has room for no tile", x, weight, {}, { workgroupSize: 32 }],
    // 56 / 4 * 56 / 4 * 8 squares of 36 points, 64 channels before and after: 32 MB.
    ["where it would take more than a quarter of what can be bound", x, weight, {}, { bindingBytes: 2 ** 26 }],
  ])("is not offered %s", (_what, images, weights, attributes, device) => {
    expect(offered(images, weights, attributes, { ...gpu, ...device })).toEqual([[], [], []]);
  });

  test("is not offered for squares that are mostly empty", () => {
    expect(offered([8, 64, 1, 1], weight)[0]).toEqual([]);
    expect(offered([8, 64, 2, 2], weight)[0]).toEqual(["winograd 2x2"]);
  });
});

describe("direct kernels", () => {
  test("come first where groups are single channels, in blocks of what keeps a device busy", () => {
    expect(names([32, 64, 56, 56], [64, 1, 3, 3], { groups: 64 })).toEqual([
      ["direct 4x4", "direct 2x4", "direct 1x4", "plain"],
      ["direct 4x4", "direct 2x4", "direct 1x4", "plain"],
      ["direct", "shared", "plain"],
    ]);
    expect(names([1, 64, 56, 56], [64, 1, 3, 3], { groups: 64 })[0]?.[0]).toBe("direct 1x4");
  });

  test("of strided input gradients are whole strides", () => {
    expect(names([32, 64, 56, 56], [64, 1, 3, 3], { groups: 64, stride: 2 })[1]).toEqual(["direct 4x4", "direct 2x4", "plain"]);
    expect(names([32, 64, 56, 56], [64, 1, 3, 3], { groups: 64, stride: 3 })[1]).toEqual(["plain", "by phase"]);
  });

  test("are offered for groups of few channels, after the contraction", () => {
    const [forward = []] = names([32, 64, 56, 56], [64, 8, 3, 3], { groups: 8 });
    expect(forward[0]).not.toContain("direct");
    expect(forward).toContain("direct 4x4");
  });

  test.each<readonly [string, Shape, Shape, Attributes]>([
    ["groups of many channels", [8, 64, 56, 56], [64, 32, 3, 3], { groups: 2 }],
    ["one group", [8, 3, 56, 56], [8, 3, 3, 3], {}],
    ["windows of many taps", [8, 64, 56, 56], [64, 1, 9, 9], { groups: 64 }],
    ["no images", [0, 64, 56, 56], [64, 1, 3, 3], { groups: 64 }],
  ])("are not offered for %s", (_what, images, weights, attributes) => {
    for (const all of names(images, weights, attributes)) expect(all.filter((name) => name.startsWith("direct"))).toEqual([]);
  });
});
