import { readFileSync } from "node:fs";
import type { Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { bind, Conv2d, init, type Initialiser, type InitialRandom, Linear, Module, Param, ReLU, Sequential } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

interface Draw {
  readonly shape: readonly number[];
  readonly uniform?: readonly [low: number, high: number];
  readonly normal?: readonly [mean: number, std: number];
}
interface Fixture {
  readonly gains: Readonly<Record<init.Nonlinearity, number>>;
  readonly cases: readonly {
    readonly initialiser: "kaimingUniform" | "kaimingNormal" | "xavierUniform" | "xavierNormal";
    readonly options: object;
    readonly draws: readonly [Draw];
  }[];
  readonly layers: readonly { readonly layer: string; readonly draws: readonly Draw[] }[];
  readonly matrices: readonly {
    readonly initialiser: "orthogonal" | "dirac" | "identity";
    readonly options: object;
    readonly shape: readonly number[];
    readonly values: readonly number[];
  }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL("fixtures/initialisers.json", import.meta.url), "utf8"));

/** What an initialiser draws, in the fixture's words. */
function drawOf(shape: readonly number[], initialiser: Initialiser): Draw {
  let drawn: Draw = { shape: [] };
  const record: InitialRandom = {
    uniform: (count, low, high) => ((drawn = { shape, uniform: [low, high] }), new Float32Array(count)),
    normal: (count, mean, std) => ((drawn = { shape, normal: [mean, std] }), new Float32Array(count)),
    truncatedNormal: (count) => new Float32Array(count),
    fork: () => record,
  };
  expect(initialiser(shape, record)).toHaveLength(shape.reduce((size, extent) => size * extent, 1));
  return drawn;
}

function expectDraw(actual: Draw, expected: Draw): void {
  expect(actual.shape).toEqual(expected.shape);
  for (const kind of ["uniform", "normal"] as const) {
    expect(actual[kind] === undefined).toBe(expected[kind] === undefined);
    expected[kind]?.forEach((value, i) => {
      expect(actual[kind]?.[i]).toBeCloseTo(value, 12);
    });
  }
}

describe("PyTorch's distributions", () => {
  test.each(Object.entries(fixture.gains))("gain of %s", (name, expected) => {
    expect(init.gain(name as init.Nonlinearity)).toBeCloseTo(expected, 12);
  });

  test("Kaiming and Xavier", () => {
    const { kaimingUniform, kaimingNormal, xavierUniform, xavierNormal } = init;
    const makers = { kaimingUniform, kaimingNormal, xavierUniform, xavierNormal };
    expect(fixture.cases.length).toBeGreaterThan(40);
    for (const { initialiser, options, draws } of fixture.cases) {
      expectDraw(drawOf(draws[0].shape, makers[initialiser](options)), draws[0]);
    }
  });

  test("plain ones", () => {
    expectDraw(drawOf([2, 3], init.uniform()), { shape: [2, 3], uniform: [0, 1] });
    expectDraw(drawOf([2, 3], init.normal({ std: 0.02 })), { shape: [2, 3], normal: [0, 0.02] });
    const { zeros, ones, constant } = init;
    expect([zeros(), ones(), constant(4)].map((make) => [...make([2], null as never)])).toEqual([
      [0, 0],
      [1, 1],
      [4, 4],
    ]);
  });

  test("LeCun", () => {
    expectDraw(drawOf([8, 12, 3], init.lecunNormal()), { shape: [8, 12, 3], normal: [0, 1 / 6] });
    expectDraw(drawOf([8, 12], init.lecunUniform()), { shape: [8, 12], uniform: [-0.5, 0.5] });
  });

  test("orthogonal, dirac and identity", () => {
    const { orthogonal, dirac, identity } = init;
    const makers = { orthogonal, dirac, identity: (_: object) => identity() };
    expect(fixture.matrices).toHaveLength(9);
    for (const { initialiser, options, shape, values } of fixture.matrices) {
      // PyTorch draws a wide matrix as it is, and lays a tensor's further axes side by side.
      const [rows = 0] = shape;
      const random: InitialRandom = {
        uniform: (count) => new Float32Array(count),
        normal: (count) => fill(9, [rows, count / rows]),
        truncatedNormal: (count) => new Float32Array(count),
        fork: () => random,
      };
      expectClose(makers[initialiser](options)(shape, random), values, 1e-6, `${initialiser} [${shape.join(", ")}]`);
    }
  });

  test("a vector has no fans", () => {
    expect(() => drawOf([3], init.kaimingNormal())).toThrow(expect.objectContaining({ code: "init/fans" }));
  });

  test("Linear and Conv2d draw within PyTorch's bounds, and fill them", async () => {
    const layers = [new Linear(12, 8), new Conv2d(6, 9, { kernel: [3, 5], groups: 3 })];
    expect(fixture.layers).toHaveLength(layers.length);
    for (const [i, { draws }] of fixture.layers.entries()) {
      const layer = bind(layers[i]!, 5);
      const parameters = [...layer.parameters()];
      expect(parameters.map(([, { shape }]) => shape)).toEqual(draws.map(({ shape }) => shape));
      for (const [j, [, parameter]] of parameters.entries()) {
        const bound = draws[j]?.uniform?.[1] ?? 0;
        const values = [...(await parameter.data())];
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
        if (values.length > 50) expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(1.8 * bound);
      }
    }
  });
});

describe("initialisers that draw", () => {
  const valuesOf = async (shape: readonly number[], initialiser: Initialiser): Promise<number[]> => [
    ...(await new Param(shape, initialiser, { label: "weight", seed: 4 }).data()),
  ];

  test("a truncated normal keeps within its bounds and fills them", async () => {
    const values = await valuesOf([4000], init.truncatedNormal({ mean: 1, std: 2, low: 0, high: 2 }));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(2);
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(1.98);
    // Between half a deviation below the mean and half above it, the variance is 0.0806 times the whole bell's.
    const variance = values.reduce((total, value) => total + (value - 1) ** 2, 0) / values.length;
    expect(variance).toBeCloseTo(4 * 0.0806, 1);
  });

  test("an orthogonal weight has orthogonal rows", async () => {
    const values = await valuesOf([6, 4, 3], init.orthogonal({ gain: 2 }));
    for (let a = 0; a < 6; a++) {
      for (let b = 0; b < 6; b++) {
        const product = Array.from({ length: 12 }, (_, i) => values[12 * a + i]! * values[12 * b + i]!).reduce((x, y) => x + y);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
      }
    }
  });

  test("a sparse weight has the same number of zeros in each column, in other places, whatever their values", async () => {
    const [rows, columns] = [10, 40];
    const values = await valuesOf([rows, columns], init.sparse({ sparsity: 0.25, std: 0.5 }));
    const zeros = Array.from({ length: columns }, (_, column) =>
      Array.from({ length: rows }, (__, row) => row).filter((row) => values[row * columns + column] === 0),
    );
    expect(zeros.every((places) => places.length === 3)).toBe(true);
    expect(new Set(zeros.map((places) => places.join())).size).toBeGreaterThan(30);
    const rest = values.filter((value) => value !== 0);
    const mean = rest.reduce((total, value) => total + value, 0) / rest.length;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.sqrt(rest.reduce((total, value) => total + value ** 2, 0) / rest.length)).toBeCloseTo(0.5, 1);
  });

  test.each([
    ["init/orthogonal", () => drawOf([3], init.orthogonal())],
    ["init/sparse", () => drawOf([3, 2, 1], init.sparse({ sparsity: 0.5 }))],
    ["init/sparsity", () => init.sparse({ sparsity: 2 })],
    ["init/identity", () => drawOf([3], init.identity())],
    ["init/dirac", () => drawOf([3, 3], init.dirac())],
    ["init/dirac", () => drawOf([3, 3, 3], init.dirac({ groups: 2 }))],
  ])("refuses shapes and options that mean nothing: %s", (code, call) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });
});

describe("streams", () => {
  const first = async (model: Module, path: string): Promise<number[]> => [...((await model.stateDict()).get(path)?.data ?? [])];

  test("the same seed and path give the same values; another seed or path gives others", async () => {
    const make = (seed: number) => bind(new Sequential(new Linear(4, 4), new Linear(4, 4)), seed);
    expect(await make(1).stateDict()).toEqual(await make(1).stateDict());
    expect(await first(make(1), "0.weight")).not.toEqual(await first(make(2), "0.weight"));
    expect(await first(make(1), "0.weight")).not.toEqual(await first(make(1), "1.weight"));
  });

  test("adding a layer changes no other layer's first values", async () => {
    class Small extends Module {
      readonly input: Linear = new Linear(4, 4);
      readonly output: Linear = new Linear(4, 2);
      override forward(x: Tensor): Tensor {
        return this.output.forward(this.input.forward(x));
      }
    }
    class Larger extends Small {
      readonly extra = new Sequential(new Linear(4, 4), new ReLU());
    }
    const small = await bind(new Small(), 9).stateDict();
    const larger = await bind(new Larger(), 9).stateDict();
    for (const [path, entry] of small) expect(larger.get(path)).toEqual(entry);
    expect(larger.size).toBe(small.size + 2);
  });

  test("the order of first use does not matter", async () => {
    const forwards = bind(new Sequential(new Linear(3, 3), new Linear(3, 3)), 4);
    const backwards = bind(new Sequential(new Linear(3, 3), new Linear(3, 3)), 4);
    for (const [, parameter] of [...backwards.parameters()].reverse()) await parameter.data();
    expect(await backwards.stateDict()).toEqual(await forwards.stateDict());
  });

  test("a parameter of no model is refused on first use, unless it is labelled or draws nothing", async () => {
    await expect(new Param([2], init.normal()).data()).rejects.toMatchObject({ code: "param/unseeded" });
    expect(await new Param([2], init.ones()).data()).toEqual(Float32Array.of(1, 1));
    const labelled = (): Param => new Param([2], init.normal(), { label: "scale", seed: 3 });
    expect(await labelled().data()).toEqual(await labelled().data());
  });

  test("values already there survive binding again", async () => {
    const layer = bind(new Linear(2, 2), 1);
    const before = (await layer.weight.data()).slice();
    const later = bind(new Sequential(layer), 2);
    expect(layer.weight.label).toBe("0.weight");
    expect(await first(later, "0.weight")).toEqual([...before]);
  });
});
