import { Engine } from "@gradus/compile";
import { disagreement, type Tolerance } from "@gradus/conformance";
import { ReferenceBackend } from "@gradus/reference";
import {
  add,
  cast,
  conv2d,
  exp,
  fromHost,
  gradients,
  hostFrom,
  hostUniform,
  matmul,
  mean,
  mul,
  numbersOf,
  relu,
  type Shape,
  softmax,
  stream,
  sum,
  type Tensor,
  useRuntime,
} from "@gradus/tensor";
import { afterAll, describe, expect, test } from "vitest";
import { WebgpuBackend, type WebgpuOptions } from "./backend.ts";
import { featuresOf, orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

const f16 = gpu !== null && (await featuresOf(gpu)).f16;

function draw(name: string, ...shape: Shape): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return fromHost(shape, "float16", hostFrom("float16", [...hostUniform(stream(1, name), count, -1, 1)]));
}

const contractions: Readonly<Record<string, () => Tensor>> = {
  "a product": () => matmul(draw("a", 64, 96), draw("b", 96, 128)),
  "a product of odd sizes, and what follows": () => relu(add(matmul(draw("a", 67, 101), draw("b", 101, 75)), draw("bias", 75))),
  "a product transposed": () => matmul(draw("a", 96, 68), draw("b", 76, 96), { transposeA: true, transposeB: true }),
  "a long sum": () => matmul(draw("a", 9, 2050), draw("b", 2050, 11)),
  "a convolution": () => conv2d(draw("x", 2, 12, 11, 11), draw("w", 20, 12, 3, 3), { padding: 1 }),
  "a weight gradient": () => {
    const weight = draw("w", 24, 16, 3, 3);
    const [slope = weight] = gradients(mean(cast(conv2d(draw("x", 2, 16, 9, 9), weight, { padding: 1 }), "float32")), [weight]);
    return slope;
  },
};

const loops: Readonly<Record<string, () => Tensor>> = {
  "a map in fours": () => mul(add(draw("x", 300, 256), draw("y", 300, 256)), 0.5),
  "a map of odd size": () => add(draw("x", 37, 3), 1),
  "halves to floats and back": () => cast(exp(cast(draw("x", 301, 128), "float32")), "float16"),
  "few sums, in halves": () => sum(draw("x", 5, 700), { axis: 1 }),
  "one sum, in halves": () => sum(draw("x", 200, 300)),
  "rows that sum to one": () => softmax(draw("x", 31, 501)),
};

describe.skipIf(gpu === null)(`halves on WebGPU${orMissing(found)}`, () => {
  const reference = new Engine(new ReferenceBackend());

  afterAll(async () => {
    await reference.dispose();
  });

  async function on(runtime: Engine, program: () => Tensor): Promise<ArrayLike<number>> {
    const before = useRuntime(runtime);
    try {
      const result = program();
      return numbersOf(result.dtype, await result.data());
    } finally {
      useRuntime(before);
    }
  }

  async function within<T>(options: WebgpuOptions, use: (engine: Engine, backend: WebgpuBackend) => Promise<T>): Promise<T> {
    const backend = await WebgpuBackend.create({ ...options, ...(gpu === null ? {} : { gpu }) });
    const engine = new Engine(backend);
    try {
      return await use(engine, backend);
    } finally {
      await engine.dispose();
    }
  }

  const half: Tolerance = { relative: 2 ** -10, absolute: 2 ** -24 };
  const device = f16 ? "with 16-bit floats" : "with 16-bit floats (needs an adapter with shader-f16)";

  for (const [title, isLacking, features] of [
    ["without 16-bit floats", false, { f16: false }],
    [device, !f16, {}],
  ] as const) {
    describe.skipIf(isLacking)(`computed ${title}`, () => {
      test.each(Object.entries(contractions).map(([name, program], number) => [name, program, number] as const))(
        "%s, by candidates of every kind",
        { timeout: 300_000 },
        async (_name, program, number) => {
          const expected = await on(reference, program);
          let names: readonly string[] = [];
          let wanted = "";
          const choose: NonNullable<WebgpuOptions["choose"]> = (_step, candidates) => {
            names = candidates.map(({ name }) => name);
            return candidates.find(({ name }) => name === wanted) ?? candidates[0];
          };
          await within({ features, choose }, async (engine, backend) => {
            await on(engine, program);
            // A software device takes seconds to compile a tile: of each kind it tries one.
            const tiled = [/\d( ahead)?( in parts)?$/, /in halves/, /\d in subgroups/].flatMap((kind) => {
              const ofKind = names.filter((name) => kind.test(name));
              return backend.software ? ofKind.slice(number % Math.max(1, ofKind.length)).slice(0, 1) : ofKind;
            });
            for (wanted of [...names.filter((name) => /^(plain|shared)/.test(name)), ...tiled]) {
              engine.clear();
              const got = await on(engine, program);
              expect(disagreement(got, expected, half), `candidate "${wanted}"`).toBeNull();
            }
          });
        },
      );

      test.each(Object.entries(loops))("%s", { timeout: 60_000 }, async (_name, program) => {
        const expected = await on(reference, program);
        const got = await within({ features }, async (engine) => on(engine, program));
        expect(disagreement(got, expected, half)).toBeNull();
      });

      test("halves that share a binding with other numbers are the same", { timeout: 60_000 }, async () => {
        const mixed = (): Tensor => sum(mul(cast(draw("x", 9, 300), "float32"), cast(draw("y", 9, 300), "float32")), { axis: 1 });
        for (const program of [mixed, () => cast(mixed(), "float16"), ...Object.values(loops)]) {
          const expected = await on(reference, program);
          const got = await within({ features, limits: { maxStorageBuffersPerShaderStage: 2 } }, async (engine) => on(engine, program));
          expect(disagreement(got, expected, half)).toBeNull();
        }
      });
    });
  }
});
