import { readFileSync } from "node:fs";
import { cast, fromHost, propagate, tensor, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { Embedding, EmbeddingBag, GRU, LSTM, type Module, MultiHeadAttention, RNN, TransformerDecoderLayer } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly (number | boolean)[] }>>;
  readonly results: Readonly<Record<string, readonly number[]>>;
  readonly grads: Readonly<Record<string, readonly number[]>>;
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("fixtures/sequences.json", import.meta.url), "utf8"),
);

type Inputs = (name: string) => Tensor;
type Results = Readonly<Record<string, Tensor>>;
type Call = readonly [layer: Module, run: (x: Inputs) => Results];

const lengths = [3, 5, 1];
const deep = { numLayers: 2, bidirectional: true } as const;

/** The layer of a case by its name, and its call. */
function callOf(name: string): Call {
  if (name.startsWith("EmbeddingBag")) {
    const mode = (["sum", "mean", "max"] as const).find((mode) => name.includes(mode)) ?? "sum";
    const layer = new EmbeddingBag(5, 3, { mode, ...(name.includes("padding") ? { paddingIdx: 2 } : {}) });
    const options = (x: Inputs) => (name.includes("equal") ? {} : { offsets: x("offsets") });
    const weights = (x: Inputs) => (name.includes("weighted") ? { perSampleWeights: x("perSampleWeights") } : {});
    return [layer, (x) => ({ output: layer.forward(x("index"), { ...options(x), ...weights(x) }) })];
  }
  if (name.startsWith("MultiHeadAttention")) {
    const layer = new MultiHeadAttention(6, 2);
    const mask = (x: Inputs) =>
      /hidden|heads/.test(name) ? { mask: cast(x("mask"), "bool") } : name.includes("added") ? { mask: x("added") } : {};
    const padding = (x: Inputs) => (name.includes("padding") ? { keyPaddingMask: cast(x("keyPaddingMask"), "bool") } : {});
    return [layer, (x) => ({ ...layer.forward(x("query"), x("key"), x("value"), { ...mask(x), ...padding(x) }) })];
  }
  switch (name) {
    case "RNN of lengths": {
      const layer = new RNN(2, 3, deep);
      return [layer, (x) => ({ ...layer.forward(x("x"), { hidden: x("hidden"), lengths }) })];
    }
    case "GRU of lengths": {
      const layer = new GRU(2, 3, deep);
      return [layer, (x) => ({ ...layer.forward(x("x"), { hidden: x("hidden"), lengths }) })];
    }
    case "LSTM of lengths": {
      const layer = new LSTM(2, 3, deep);
      return [
        layer,
        (x) => ({ ...layer.forward(x("x"), { hidden: x("hidden"), cell: x("cell"), lengths: tensor(Int32Array.from(lengths)) }) }),
      ];
    }
    case "Embedding": {
      const layer = new Embedding(5, 3, { paddingIdx: 2 });
      return [layer, (x) => ({ output: layer.forward(x("index")) })];
    }
    case "TransformerDecoderLayer causal": {
      const layer = new TransformerDecoderLayer(4, 2, { feedForward: 8, dropout: 0, activation: "gelu", normFirst: true });
      const masks = (x: Inputs) => ({ self: { causal: true }, memory: { keyPaddingMask: cast(x("padding"), "bool") } });
      return [layer, (x) => ({ output: layer.forward(x("x"), x("memory"), masks(x)) })];
    }
    default:
      throw new RangeError(`no call for ${name}`);
  }
}

describe("PyTorch's values and gradients", () => {
  test.for(cases.map((one) => [one.name, one] as const))("%s", async ([name, one]) => {
    const inputs = new Map(
      Object.entries(one.inputs).map(([key, { shape, data }]) => {
        const isInteger = ["index", "offsets"].includes(key);
        return [key, tensor(data.map(Number), { shape, dtype: isInteger ? "int32" : "float32" })] as const;
      }),
    );
    const [layer, run] = callOf(name);
    const parameters = new Map([...layer.parameters()].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    [...parameters.values()].forEach((parameter, i) => parameter.set(fill(50 + i, parameter.shape, 0.5)));
    const results = run((key) => inputs.get(key) ?? tensor([]));
    const seeds = Object.keys(one.results).map((key, i) => {
      const result = results[key] ?? tensor([]);
      return [result, fromHost(result.shape, "float32", fill(90 + i, result.shape))] as const;
    });
    const wrt = Object.keys(one.grads).map((key) => inputs.get(key) ?? parameters.get(key)?.value() ?? tensor([]));
    const grads = propagate(seeds, wrt);
    for (const [i, [key, expected]] of Object.entries(one.results).entries()) {
      expectClose((await seeds[i]?.[0].data()) ?? [], expected, 1e-5, key);
    }
    for (const [i, [key, expected]] of Object.entries(one.grads).entries()) {
      expectClose((await grads[i]?.data()) ?? new Float32Array(expected.length), expected, 1e-5, `gradient of ${key}`);
    }
    expect(Object.keys(one.grads).filter((key) => parameters.has(key))).toHaveLength(parameters.size);
  });
});
