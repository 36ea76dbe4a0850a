import { add, ArgumentError, type HostTensor, mul, State, sum, type Tensor, tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { bind, Conv2d, init, Linear, Module, Param, pathOf, ReLU, Sequential } from "../src/index.ts";
import { onReference } from "./support/runtime.ts";

onReference();

class Block extends Module {
  readonly conv1 = new Conv2d(2, 2, { kernel: 3, padding: 1, bias: false });
  readonly running_mean = new State({ shape: [2], dtype: "float32" }, "");
  readonly downsample = new Sequential(new Conv2d(2, 2, { kernel: 1 }), new ReLU());

  override forward(x: Tensor): Tensor {
    return add(this.conv1.forward(x), this.downsample.forward(x));
  }
}

class Net extends Module {
  readonly layer1 = new Sequential(new Block(), new Block());
  readonly heads = { a: new Linear(2, 1), b: [new Linear(2, 1), new Param([1], init.ones())] as const };
  readonly name = "not state";
  readonly nothing = null;

  override forward(x: Tensor): Tensor {
    return this.layer1.forward(x);
  }
}

const paths = [
  "layer1.0.conv1.weight",
  "layer1.0.running_mean",
  "layer1.0.downsample.0.weight",
  "layer1.0.downsample.0.bias",
  "layer1.1.conv1.weight",
  "layer1.1.running_mean",
  "layer1.1.downsample.0.weight",
  "layer1.1.downsample.0.bias",
  "heads.a.weight",
  "heads.a.bias",
  "heads.b.0.weight",
  "heads.b.0.bias",
  "heads.b.1",
];

describe("a module is its fields", () => {
  test("parameters, buffers and modules have torchvision's names", async () => {
    const net = new Net();
    const names = [...(await net.stateDict()).keys()];
    expect(names).toEqual(paths);
    expect([...net.buffers()].map(([path]) => path)).toEqual(paths.filter((path) => path.endsWith("running_mean")));
    expect([...net.parameters()].map(([path]) => path)).toEqual(paths.filter((path) => !path.endsWith("running_mean")));
  });

  test("binding names cells and modules by their paths", () => {
    const net = bind(new Net(), 3);
    expect(net.layer1.layers[1] && pathOf(net.layer1.layers[1])).toBe("layer1.1");
    expect(String(net.heads.a.weight)).toBe("float32[1, 2] heads.a.weight");
  });

  test("a model names itself when its parameters are asked for, so that parts run by themselves start apart", async () => {
    const net = new Sequential(new Linear(2, 2), new Linear(2, 2));
    const [first, second] = [...net.parameters()].filter(([path]) => path.endsWith("weight"));
    void net.layers[1]?.forward(tensor([[1, 2]]));
    expect(second?.[1].label).toBe("1.weight");
    expect(await second?.[1].data()).not.toEqual(await first?.[1].data());
  });

  test("a shared parameter is one parameter with two names", async () => {
    const shared = new Linear(2, 2);
    const net = new Sequential(shared, new ReLU(), shared);
    expect([...net.parameters()].map(([path]) => path)).toEqual(["0.weight", "0.bias"]);
    expect([...(await net.stateDict()).keys()]).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    expect(shared.weight.label).toBe("0.weight");
  });

  test("a way back up is refused, unless it is private", () => {
    class Child extends Module {
      parent: Module | null = null;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const child = new Child();
    child.parent = new Sequential(child);
    expect(() => [...child.parameters()]).toThrow(expect.objectContaining({ code: "module/cycle" }));
  });

  test("nothing is drawn or kept before it is used", () => {
    const net = new Net();
    void net.forward(tensor(new Float32Array(2 * 5 * 5), { shape: [1, 2, 5, 5] }));
    for (const [, parameter] of net.parameters()) expect(parameter.current).toBeNull();
  });
});

describe("state dict", () => {
  test("round trip, as copies", async () => {
    const first = bind(new Net(), 1);
    const second = bind(new Net(), 2);
    const entries = await first.stateDict();
    expect(await second.heads.a.weight.data()).not.toEqual(entries.get("heads.a.weight")?.data);
    second.loadStateDict(entries);
    expect(await second.stateDict()).toEqual(entries);
    entries.get("heads.a.weight")?.data.fill(7);
    expect(await second.heads.a.weight.data()).not.toContain(7);
    expect(await first.heads.a.weight.data()).not.toContain(7);
  });

  test("what is loaded is what the next step reads, even after steps on the device", async () => {
    const layer = bind(new Linear(1, 1, { bias: false }));
    layer.weight.assign(mul(layer.weight, 0));
    expect(await sum(layer.weight).item()).toBe(0);
    layer.loadStateDict(new Map([["weight", { dtype: "float32", shape: [1, 1], data: Float32Array.of(5) }]]));
    expect(await layer.forward(tensor([[2]])).item()).toBe(10);
  });

  test("everything that does not fit is named at once, and nothing changes", async () => {
    const net = bind(new Sequential(new Linear(2, 3), new Linear(3, 1)), 1);
    const before = await net.stateDict();
    const entries = new Map<string, HostTensor>([
      ["0.weight", { dtype: "float32", shape: [3, 2], data: new Float32Array(6) }],
      ["0.bias", { dtype: "int32", shape: [3], data: new Int32Array(3) }],
      ["1.weight", { dtype: "float32", shape: [3, 1], data: new Float32Array(3) }],
      ["2.weight", { dtype: "float32", shape: [1], data: new Float32Array(1) }],
    ]);
    expect(() => net.loadStateDict(entries)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: Sequential.loadStateDict: the entries do not fit the model, so nothing was loaded
        missing: 1.bias
        unexpected: 2.weight
        misfits: 0.bias: int32[3] instead of float32[3]; 1.weight: float32[3, 1] instead of float32[1, 3]
        code: state-dict/mismatch]
    `);
    expect(await net.stateDict()).toEqual(before);
    expect(() => net.loadStateDict(entries, { strict: false })).toThrow(ArgumentError);
    expect(await net.stateDict()).toEqual(before);
  });

  test("a shape that its data does not fill is a misfit", () => {
    const layer = new Linear(2, 1, { bias: false });
    const entries = new Map([["weight", { dtype: "float32" as const, shape: [1, 2], data: new Float32Array(1) }]]);
    expect(() => layer.loadStateDict(entries)).toThrow(ArgumentError);
  });

  test("without strict, missing and unexpected entries are reported", async () => {
    const net = bind(new Sequential(new Linear(1, 1)), 1);
    const report = net.loadStateDict(
      new Map([
        ["0.bias", { dtype: "float32", shape: [1], data: Float32Array.of(9) }],
        ["head", { dtype: "float32", shape: [1], data: Float32Array.of(9) }],
      ]),
      { strict: false },
    );
    expect(report).toEqual({ missing: ["0.weight"], unexpected: ["head"] });
    expect(await [...net.parameters()][1]?.[1].item()).toBe(9);
  });
});
