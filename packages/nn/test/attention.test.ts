import { fromHost, keyTensor, reshape, stream, tensor, type Tensor, zeros } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  bind,
  Embedding,
  EmbeddingBag,
  LearnedPositions,
  MultiHeadAttention,
  SinusoidalPositions,
  summary,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  training,
  Module,
} from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const values = (stream: number, ...shape: number[]): Tensor => fromHost(shape, "float32", fill(stream, shape));
const withCode = (code: string): unknown => expect.objectContaining({ code });
const namesOf = (module: Module): string[] => [...module.parameters()].map(([name]) => name);

describe("MultiHeadAttention", () => {
  test("has PyTorch's names, by width of its inputs", () => {
    expect(namesOf(new MultiHeadAttention(4, 2))).toEqual(["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]);
    expect(namesOf(new MultiHeadAttention(4, 2, { kdim: 3, bias: false }))).toEqual([
      "q_proj_weight",
      "k_proj_weight",
      "v_proj_weight",
      "out_proj.weight",
    ]);
  });

  test("drops weights in training, and shows them as they were", async () => {
    const layer = bind(new MultiHeadAttention(4, 2, { dropout: 0.5 }));
    const x = values(1, 5, 2, 4);
    const still = layer.forward(x, x, x);
    const moving = layer.forward(x, x, x, {}, training(keyTensor(stream(1, "test"))));
    expect(await moving.output.data()).not.toEqual(await still.output.data());
    expect(await moving.weights.data()).toEqual(await still.weights.data());
  });

  test("a query from which everything is hidden gets the bias alone", async () => {
    const layer = bind(new MultiHeadAttention(2, 1));
    const x = values(1, 2, 1, 2);
    const mask = tensor([
      [true, true],
      [false, false],
    ]);
    const { output } = layer.forward(x, x, x, { mask });
    expect((await output.data()).slice(0, 2)).toEqual(await layer.out_proj.bias?.data());
  });

  test("refuses what does not fit", () => {
    const layer = new MultiHeadAttention(4, 2);
    const x = zeros([3, 1, 4]);
    expect(() => new MultiHeadAttention(4, 3)).toThrow(withCode("argument/heads"));
    expect(() => layer.forward(zeros([3, 4]), x, x)).toThrow(withCode("shape/attention"));
    expect(() => layer.forward(x, x, x, { mask: zeros([3, 2]) })).toThrow(withCode("shape/attention-mask"));
    expect(() => layer.forward(x, x, x, { keyPaddingMask: zeros([3, 3]) })).toThrow(withCode("shape/attention-mask"));
    expect(() => layer.forward(zeros([3, 1, 5]), x, x)).toThrow("expects queries of width 4 but receives 5");
  });
});

describe("transformers", () => {
  const options = { feedForward: 8, dropout: 0, batchFirst: true } as const;

  test("stack layers under PyTorch's names", async () => {
    const encoder = bind(new TransformerEncoder([new TransformerEncoderLayer(4, 2, options), new TransformerEncoderLayer(4, 2, options)]));
    const decoder = bind(new TransformerDecoder([new TransformerDecoderLayer(4, 2, options)]));
    expect(namesOf(encoder)).toContain("layers.1.self_attn.in_proj_weight");
    expect(namesOf(encoder)).toHaveLength(24);
    expect(namesOf(decoder)).toContain("layers.0.multihead_attn.out_proj.bias");
    const memory = encoder.forward(values(1, 2, 3, 4), { causal: true });
    const [first, second] = encoder.layers;
    const apart = second?.forward(first?.forward(values(1, 2, 3, 4), { causal: true }) ?? memory, { causal: true });
    expectClose(await memory.data(), (await apart?.data()) ?? [], 1e-6);
    expect(decoder.forward(values(2, 2, 5, 4), memory).shape).toEqual([2, 5, 4]);
  });

  test("a causal encoder's place does not depend on later ones", async () => {
    const layer = bind(new TransformerEncoderLayer(4, 2, options));
    const whole = await layer.forward(values(1, 1, 3, 4), { causal: true }).data();
    const start = await layer.forward(reshape(fromHost([8], "float32", fill(1, [12]).slice(0, 8)), [1, 2, 4]), { causal: true }).data();
    expectClose(whole.slice(0, 8), start, 1e-6);
  });

  test("have a row for each part in summaries", () => {
    class Net extends Module {
      readonly embed = new Embedding(10, 4);
      readonly places = new SinusoidalPositions();
      readonly encoder = new TransformerEncoderLayer(4, 2, options);
      override forward(x: Tensor): Tensor {
        return this.encoder.forward(this.places.forward(this.embed.forward(tensor(new Int32Array(x.size), { shape: x.shape }))));
      }
    }
    const rows = summary(new Net(), [3]).layers.map(({ path, type, parameters }) => [path, type, parameters]);
    expect(rows).toEqual([
      ["embed", "Embedding", 40],
      ["places", "SinusoidalPositions", 0],
      ["encoder.self_attn.out_proj", "Linear", 20],
      ["encoder.self_attn", "MultiHeadAttention", 60],
      ["encoder.dropout1", "Dropout", 0],
      ["encoder.norm1", "LayerNorm", 8],
      ["encoder.linear1", "Linear", 40],
      ["encoder.dropout", "Dropout", 0],
      ["encoder.linear2", "Linear", 36],
      ["encoder.dropout2", "Dropout", 0],
      ["encoder.norm2", "LayerNorm", 8],
    ]);
  });
});

test("LearnedPositions adds one vector for each place, and has no more", async () => {
  const layer = bind(new LearnedPositions(3, 2));
  const table = await layer.weight.data();
  expect(await layer.forward(zeros([1, 2, 2])).data()).toEqual(table.slice(0, 4));
  expect(() => layer.forward(zeros([1, 4, 2]))).toThrow(withCode("shape/positions"));
});

test("an embedding's padding begins as zeros and must be a row", async () => {
  const layer = bind(new Embedding(3, 2, { paddingIdx: 1 }));
  const table = await layer.weight.data();
  expect(table.slice(2, 4)).toEqual(new Float32Array(2));
  expect(table[0]).not.toBe(0);
  expect(() => new Embedding(3, 2, { paddingIdx: 3 })).toThrow(withCode("argument/padding-index"));
  expect(() => new EmbeddingBag(3, 2, { paddingIdx: -1 })).toThrow(withCode("argument/padding-index"));
  expect(() => layer.forward(zeros([2]))).toThrow(withCode("dtype/index"));
});
