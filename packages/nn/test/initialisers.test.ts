import { readFileSync } from "node:fs";
import type { Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { bind, Conv2d, init, type Initialiser, type InitialRandom, Linear, Module, Param, ReLU, Sequential } from "../src/index.ts";
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
}

const fixture: Fixture = JSON.parse(readFileSync(new URL("fixtures/initialisers.json", import.meta.url), "utf8"));

/** What an initialiser draws, in the fixture's words. */
function drawOf(shape: readonly number[], initialiser: Initialiser): Draw {
  let drawn: Draw = { shape: [] };
  const record: InitialRandom = {
    uniform: (count, low, high) => ((drawn = { shape, uniform: [low, high] }), new Float32Array(count)),
    normal: (count, mean, std) => ((drawn = { shape, normal: [mean, std] }), new Float32Array(count)),
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
