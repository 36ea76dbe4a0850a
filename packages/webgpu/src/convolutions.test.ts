import { candidatesOf, type Epilogue, type LibraryStep, type Plan, type PlanBuffer, type Step } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import {
  type Aval,
  axisIndex,
  bytesPerElement,
  convolvedSize,
  type DType,
  hostFrom,
  hostUniform,
  numbersOf,
  ScalarBuilder,
  type Shape,
  sizeOf,
  stream,
} from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { deferredKernels, kernelTable } from "./kernel-table.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

/** Of a convolution; steps, spread and groups are 1 and padding none when left out. */
interface Geometry {
  readonly x: Shape;
  readonly weight: Shape;
  readonly stride?: Shape;
  /** Top, left, bottom, right. */
  readonly padding?: Shape;
  readonly dilation?: Shape;
  readonly groups?: number;
}

const passes = ["conv2d", "conv2dInputGrad", "conv2dWeightGrad"] as const;
type Pass = (typeof passes)[number];

interface Options {
  readonly dtype?: DType;
  /** Whether a bias is added and what is below zero cut off. */
  readonly hasEpilogue?: boolean;
}

/** A plan of one pass, its two inputs in the arena, then its bias. */
function planOf(pass: Pass, geometry: Geometry, { dtype = "float32", hasEpilogue = false }: Options = {}): Plan {
  const { x, weight, stride = [1, 1], padding = [0, 0, 0, 0], dilation = [1, 1], groups = 1 } = geometry;
  const attrs = { stride, padding, dilation, groups };
  const size = (axis: 0 | 1): number =>
    convolvedSize(
      x[2 + axis] ?? 0,
      weight[2 + axis] ?? 0,
      stride[axis] ?? 1,
      dilation[axis] ?? 1,
      padding[axis] ?? 0,
      padding[2 + axis] ?? 0,
    );
  const of = (shape: Shape): Aval => ({ shape, dtype });
  const ct = of([x[0] ?? 0, weight[0] ?? 0, size(0), size(1)]);
  const all: Readonly<Record<Pass, readonly [Aval, Aval, Aval]>> = {
    conv2d: [of(x), of(weight), ct],
    conv2dInputGrad: [ct, of(weight), of(x)],
    conv2dWeightGrad: [of(x), ct, of(weight)],
  };
  const [a, b, out] = all[pass];
  const bias: Aval = { shape: [out.shape[pass === "conv2dWeightGrad" ? 0 : 1] ?? 0], dtype };
  let offset = 0;
  const buffers = [a, b, out, bias].map((aval, i): PlanBuffer => {
    const bytes = sizeOf(aval.shape) * bytesPerElement[aval.dtype];
    const place = { kind: "arena", offset } as const;
    offset += Math.ceil(bytes / 256) * 256;
    return { ...aval, bytes, place, label: `buffer ${i}` };
  });
  const common = { kind: "library", label: pass, reads: [0, 1], write: 2, epilogue: hasEpilogue ? biasRelu(out, bias) : null } as const;
  const steps: Readonly<Record<Pass, LibraryStep>> = {
    conv2d: { ...common, op: "conv2d", call: { x: { x: a, weight: b }, attrs, out } },
    conv2dInputGrad: { ...common, op: "conv2dInputGrad", call: { x: { ct: a, weight: b }, attrs: { ...attrs, inputShape: x }, out } },
    conv2dWeightGrad: { ...common, op: "conv2dWeightGrad", call: { x: { x: a, ct: b }, attrs: { ...attrs, weightShape: weight }, out } },
  };
  return {
    name: "test",
    buffers,
    steps: [steps[pass]],
    waves: [0],
    sweeps: [],
    inputs: [0, 1, 3],
    outputs: [2],
    bound: [],
    arenaBytes: offset,
  };
}

/** relu(value + bias): [images, channels, pixels], or [rows, weights of a row]. */
function biasRelu(out: Aval, bias: Aval): Epilogue {
  const channels = bias.shape[0] ?? 0;
  const isRows = out.shape[0] === channels;
  const axes = isRows ? [channels, sizeOf(out.shape) / channels] : [out.shape[0] ?? 0, channels, sizeOf(out.shape.slice(2))];
  const s = new ScalarBuilder();
  const channel = axisIndex(isRows ? 0 : 1, channels);
  const widened = s.call("toFloat32", s.load(0, bias.dtype, channel));
  const value = s.call("max", s.call("add", s.accumulator(0, "float32"), widened), s.constant("float32", 0));
  return { axes, value: out.dtype === "float16" ? s.call("toFloat16", value) : value, reads: [3] };
}

function inputsOf({ inputs, buffers }: Plan): readonly Float32Array[] {
  return inputs.map((id) => hostUniform(stream(1, `input ${id}`), sizeOf(buffers[id]?.shape ?? []), -1, 1));
}

/** How far values lie from what is expected, at most, as a share of that one's root mean square. */
function error(expected: Float64Array, values: ArrayLike<number>): number {
  expect(values).toHaveLength(expected.length);
  const square = expected.reduce((sum, value) => sum + value * value, 0) / expected.length;
  const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? Number.NaN))), 0);
  return furthest / Math.sqrt(square);
}

const same = [1, 1, 1, 1];

const winograd: readonly (readonly [string, Geometry])[] = [
  ["rows in fours", { x: [2, 16, 12, 12], weight: [12, 16, 3, 3], padding: same }],
  ["odd sizes, one image", { x: [1, 11, 13, 17], weight: [13, 11, 3, 3] }],
  ["padded beyond the window, and on one side", { x: [2, 8, 6, 9], weight: [10, 8, 3, 3], padding: [3, 4, 0, 1] }],
  ["many squares", { x: [9, 10, 21, 30], weight: [70, 10, 3, 3], padding: same }],
];

const grouped: readonly (readonly [string, Geometry])[] = [
  ["3 x 3", { x: [2, 6, 13, 11], weight: [6, 1, 3, 3], padding: same, groups: 6 }],
  ["rows in fours", { x: [3, 5, 12, 16], weight: [5, 1, 3, 3], padding: same, groups: 5 }],
  ["stride 2", { x: [2, 7, 14, 12], weight: [7, 1, 3, 3], padding: same, stride: [2, 2], groups: 7 }],
  ["stride 2, odd sizes", { x: [1, 7, 15, 13], weight: [7, 1, 5, 3], padding: [2, 1, 1, 1], stride: [2, 1], groups: 7 }],
  ["strides of more than the window", { x: [2, 3, 17, 18], weight: [3, 1, 2, 1], stride: [3, 4], groups: 3 }],
  ["stride 4 down, 2 across", { x: [2, 3, 18, 17], weight: [3, 1, 3, 5], padding: [1, 3, 0, 2], stride: [4, 2], groups: 3 }],
  ["dilation", { x: [2, 4, 12, 12], weight: [4, 1, 3, 3], padding: [2, 4, 2, 4], dilation: [2, 4], groups: 4 }],
  ["7 x 7", { x: [2, 4, 7, 7], weight: [4, 1, 7, 7], padding: [3, 3, 3, 3], groups: 4 }],
  ["two outputs a channel", { x: [2, 5, 8, 9], weight: [10, 1, 3, 3], padding: same, groups: 5 }],
  ["groups of four", { x: [2, 12, 10, 8], weight: [18, 4, 3, 3], padding: same, groups: 3 }],
  ["many images", { x: [70, 2, 14, 16], weight: [2, 1, 3, 3], padding: same, groups: 2 }],
  ["one pixel", { x: [1, 3, 1, 1], weight: [3, 1, 3, 3], padding: same, groups: 3 }],
];

const strided: readonly (readonly [string, Geometry])[] = [
  ["stride 2", { x: [2, 9, 14, 14], weight: [12, 9, 3, 3], padding: same, stride: [2, 2] }],
  ["one tap", { x: [2, 5, 13, 14], weight: [12, 5, 1, 1], stride: [2, 2] }],
  ["stride 4, 11 x 11", { x: [1, 3, 35, 35], weight: [8, 3, 11, 11], padding: [2, 2, 2, 2], stride: [4, 4] }],
  [
    "dilation that the stride divides",
    { x: [2, 4, 17, 15], weight: [8, 4, 3, 3], padding: [1, 2, 2, 1], stride: [2, 3], dilation: [2, 2] },
  ],
  ["two groups, one axis", { x: [2, 14, 11, 12], weight: [20, 7, 3, 3], padding: same, stride: [1, 2], groups: 2 }],
  ["images smaller than the stride", { x: [2, 4, 2, 9], weight: [8, 4, 2, 3], stride: [3, 2] }],
];

describe.skipIf(gpu === null)(`kernels of convolutions on WebGPU${orMissing(found)}`, () => {
  let backend: WebgpuBackend;
  let wanted = "";

  beforeAll(async () => {
    await deferredKernels.conv2d?.load();
    backend = await WebgpuBackend.create({
      ...(gpu === null ? {} : { gpu }),
      choose: (_step, candidates) => candidates.find(({ name }) => name === wanted) ?? candidates[0],
    });
  });
  afterAll(() => backend.dispose());

  function namesOf({ steps: [step] }: Plan): readonly string[] {
    if (step?.kind !== "library") return [];
    const { maxStorageBufferBindingSize: bindingBytes, maxComputeWorkgroupStorageSize: workgroupBytes } = backend.device.limits;
    const workgroupSize = backend.device.limits.maxComputeInvocationsPerWorkgroup;
    const limits = { workgroupBytes, workgroupSize, bindingBytes, subgroupSize: 1 };
    const table = kernelTable({ software: backend.software, ...limits, f16: false, convolution: "fastest" });
    return candidatesOf(table, step).map(({ name }) => name);
  }

  /** The errors of all candidates of these names. */
  async function errors(
    plan: Plan,
    { named, exact = plan }: { readonly named: RegExp; readonly exact?: Plan },
  ): Promise<Record<string, number>> {
    const { dtype = "float32" } = plan.buffers[2] ?? {};
    const inputs = inputsOf(plan).map((values) => hostFrom(dtype, values));
    const [expected = new Float64Array()] = new ReferenceBackend().prepare(exact).runExact(
      inputs.map((values) => numbersOf(dtype, values)),
      [],
    );
    const result: Record<string, number> = {};
    for (wanted of namesOf(plan).filter((name) => named.test(name))) {
      const executable = await backend.prepare(plan);
      const [values = new Float32Array()] = await executable.run(inputs, []);
      executable.free();
      result[wanted] = error(expected, numbersOf(dtype, values));
    }
    return result;
  }

  describe.each(passes)("%s", (pass) => {
    test.each(winograd)("by squares: %s", { timeout: 120_000 }, async (_name, geometry) => {
      const found = await errors(planOf(pass, geometry), { named: /^winograd/ });
      expect(Object.keys(found)).toContain("winograd 4x4");
      for (const [name, far] of Object.entries(found)) expect(far, name).toBeLessThan(2e-5);
    });

    test.each(grouped)("in groups: %s", { timeout: 120_000 }, async (_name, geometry) => {
      const found = await errors(planOf(pass, geometry), { named: /^direct/ });
      const stride = geometry.stride ?? [1, 1];
      const divides = pass !== "conv2dInputGrad" || stride.every((step) => 4 % step === 0);
      expect(Object.keys(found).length > 0).toBe(divides);
      for (const [name, far] of Object.entries(found)) expect(far, name).toBeLessThan(1e-5);
    });

    test.each([
      ["by squares", { x: [2, 9, 12, 12], weight: [10, 9, 3, 3], padding: same }],
      ["in groups", { x: [2, 6, 9, 12], weight: [6, 1, 3, 3], padding: same, groups: 6 }],
    ] as const)("%s, with an epilogue, and of halves", { timeout: 120_000 }, async (_name, geometry) => {
      const named = /^(winograd|direct)/;
      const single = await errors(planOf(pass, geometry, { hasEpilogue: true }), { named });
      expect(Object.keys(single).length).toBeGreaterThan(0);
      for (const [name, far] of Object.entries(single)) expect(far, name).toBeLessThan(2e-5);
      const halves = await errors(planOf(pass, geometry, { hasEpilogue: true, dtype: "float16" }), {
        named,
        exact: planOf(pass, geometry, { hasEpilogue: true }),
      });
      // A half has eleven bits, and the largest output is some root mean squares.
      for (const [name, far] of Object.entries(halves)) expect(far, name).toBeLessThan(4e-3);
    });
  });

  test("stages that may bind only two buffers share the workspace's binding", { timeout: 120_000 }, async () => {
    const plan = planOf("conv2d", { x: [2, 9, 10, 12], weight: [10, 9, 3, 3], padding: same });
    expect(namesOf(plan)).toContain("winograd 2x2");
    const narrow = await WebgpuBackend.create({
      ...(gpu === null ? {} : { gpu }),
      limits: { maxStorageBuffersPerShaderStage: 2 },
      choose: (_step, candidates) => candidates.find(({ name }) => name === "winograd 2x2") ?? candidates[0],
    });
    try {
      const [expected = new Float64Array()] = new ReferenceBackend().prepare(plan).runExact(inputsOf(plan), []);
      const executable = await narrow.prepare(plan);
      const [values = new Float32Array()] = await executable.run(inputsOf(plan), []);
      expect(error(expected, values)).toBeLessThan(2e-5);
    } finally {
      narrow.dispose();
    }
  });

  test("two convolutions of one wave stand in the workspace side by side", { timeout: 120_000 }, async () => {
    const one = planOf("conv2d", { x: [2, 9, 10, 10], weight: [10, 9, 3, 3], padding: same });
    expect(namesOf(one)).toContain("winograd 4x4");
    // The second has its own weights, and its own result.
    const [weight, result] = [4, 5];
    const copies = [1, 2].flatMap((id, i): readonly PlanBuffer[] => {
      const buffer = one.buffers[id];
      return buffer === undefined ? [] : [{ ...buffer, place: { kind: "arena", offset: one.arenaBytes * (1 + i) } }];
    });
    const steps = one.steps.flatMap((step): readonly Step[] =>
      step.kind !== "library" ? [] : [step, { ...step, reads: [0, weight], write: result }],
    );
    const buffers = [...one.buffers, ...copies];
    const both: Plan = {
      ...one,
      buffers,
      steps,
      waves: [0, 0],
      sweeps: [],
      inputs: [0, 1, weight],
      outputs: [2, result],
      arenaBytes: 3 * one.arenaBytes,
    };
    const inputs = inputsOf(both);
    const expected = new ReferenceBackend({ sideBySide: true }).prepare(both).runExact(inputs, []);
    wanted = "winograd 4x4";
    const executable = await backend.prepare(both);
    const outputs = await executable.run(inputs, []);
    executable.free();
    expect(expected).toHaveLength(2);
    expected.forEach((values, i) => expect(error(values, outputs[i] ?? new Float32Array())).toBeLessThan(2e-5));
  });

  test.each(strided)("input gradients by phase: %s", { timeout: 120_000 }, async (_name, geometry) => {
    const found = await errors(planOf("conv2dInputGrad", geometry, { hasEpilogue: true }), { named: /^by phase/ });
    expect(found["by phase"]).toBeLessThan(1e-5);
  });

  test(
    "sums over 512 channels keep within 2e-5 of the outputs' root mean square by squares, and within 1e-5 directly",
    { timeout: 120_000 },
    async () => {
      const found = await errors(planOf("conv2d", { x: [2, 512, 7, 7], weight: [12, 512, 3, 3], padding: same }), {
        named: /^(winograd|plain)/,
      });
      expect(found["winograd 4x4"]).toBeLessThan(2e-5);
      expect(found["winograd 2x2"]).toBeLessThan(2e-5);
      expect(found["plain"]).toBeLessThan(1e-5);
    },
  );
});
