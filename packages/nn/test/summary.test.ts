import { add, flatten, relu, type Tensor } from "@gradus/tensor";
import { expect, test } from "vitest";
import { AvgPool2d, Conv2d, Flatten, init, Linear, MaxPool2d, Module, Param, ReLU, Sequential, summary } from "../src/index.ts";

test("counts what each layer is and costs", () => {
  const net = new Sequential(
    new Conv2d(3, 8, { kernel: 3, padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(8, 8, { kernel: 3, groups: 8, bias: false, stride: 2 }),
    new AvgPool2d(3),
    new Flatten(),
    new Linear(8, 10),
  );
  const result = summary(net, [3, 16, 16]);
  expect(result.parameters).toBe(8 * 27 + 8 + 8 * 9 + 90);
  expect(result.multiplyAccumulates).toBe(256 * 8 * 27 + 9 * 8 * 9 + 80);
  expect(result.stateBytes).toBe(4 * result.parameters);
  expect(String(result)).toMatchInlineSnapshot(`
    "Sequential, input [3, 16, 16]
    layer  type       output          parameters  multiply-adds  connections   memory   sees
    ----------------------------------------------------------------------------------------
    0      Conv2d     [1, 8, 16, 16]         224         55,296       57,344   8.0 KB    3x3
    1      ReLU       [1, 8, 16, 16]           0              0            0   8.0 KB    3x3
    2      MaxPool2d  [1, 8, 8, 8]             0              0        2,048   2.0 KB    4x4
    3      Conv2d     [1, 8, 3, 3]            72            648          648    288 B    8x8
    4      AvgPool2d  [1, 8, 1, 1]             0              0           72     32 B  16x16
    5      Flatten    [1, 8]                   0              0            0     32 B  16x16
    6      Linear     [1, 10]                 90             80           90     40 B  16x16
    ----------------------------------------------------------------------------------------
    total                                    386         56,024       60,202  18.4 KB
    1.5 KB of parameters and buffers; figures are for one sample"
  `);
});

test("follows functions between layers, counts shared weights once, and lists parameters of composed modules", () => {
  class Net extends Module {
    readonly conv = new Conv2d(1, 1, { kernel: 3, padding: 1 });
    readonly scale = new Param([1], init.ones());
    readonly head = new Linear(16, 2);
    override forward(x: Tensor): Tensor {
      const once = relu(this.conv.forward(x));
      return this.head.forward(flatten(add(x, this.conv.forward(once))));
    }
  }
  const { layers, parameters } = summary(new Net(), [1, 4, 4]);
  expect(parameters).toBe(10 + 1 + 34);
  expect(layers.map(({ path, type, parameters: own, receptiveField }) => [path, type, own, receptiveField])).toEqual([
    ["conv", "Conv2d", 10, [3, 3]],
    ["conv", "Conv2d", 0, [5, 5]],
    ["head", "Linear", 34, [4, 4]],
    ["", "Net", 1, [4, 4]],
  ]);
});

test("a model that does not take the input says where", () => {
  expect(() => summary(new Sequential(new Linear(4, 2)), [3])).toThrow("in Sequential[0] (Linear)");
});
