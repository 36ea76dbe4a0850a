import { mul, relu, reshape, ShapeError, tensor, type Tensor, zeros } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { Conv2d, Dropout, Flatten, Linear, Module, ReLU, Sequential, TRAIN } from "../src/index.ts";

describe("errors say where in the model they happened", () => {
  test("in a Sequential", () => {
    const net = new Sequential(new Linear(784, 512), new ReLU(), new Linear(500, 10));
    expect(() => net.forward(zeros([128, 784]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: matmul: inner dimensions differ (512 and 500)
        a: float32[128, 512]
        b: float32[10, 500] 2.weight
        hint: 2 expects 500 inputs but receives 512
        in Sequential[2] (Linear)
        code: shape/matmul-inner]
    `);
  });

  test("in nested modules with names of their own", () => {
    class Block extends Module {
      readonly conv = new Conv2d(3, 8, { kernel: 3, groups: 1 });
      override forward(x: Tensor): Tensor {
        return relu(this.conv.forward(x));
      }
    }
    class Net extends Module {
      readonly blocks = [new Block(), new Block()] as const;
      readonly dropout = new Dropout();
      override forward(x: Tensor): Tensor {
        return this.dropout.forward(this.blocks[1].forward(this.blocks[0].forward(x)), TRAIN);
      }
    }
    expect(() => new Net().forward(zeros([1, 3, 9, 9]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: conv2d: the weight expects 3 input channels, and the input has 8
        x: float32[1, 8, 7, 7]
        weight: float32[8, 3, 3, 3] blocks.1.conv.weight
        hint: blocks.1.conv expects 3 input channels but receives 8
        in Net.blocks[1].conv (Conv2d)
        code: shape/conv-channels]
    `);
    expect(() => new Sequential(new Dropout()).forward(zeros([2]), TRAIN)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: Dropout: needs a random key in training, and the context has none
        hint: pass training(key) instead of TRAIN to forward
        in Sequential[0] (Dropout)
        code: dropout/no-key]
    `);
  });

  test("images and rows are told apart", () => {
    const net = new Sequential(new Flatten(), new Conv2d(1, 2, { kernel: 3 }));
    expect(() => net.forward(zeros([2, 1, 8, 8]))).toThrow("hint: 1 expects images [n, 1, h, w] but receives [2, 64]");
    expect(() => new Linear(3, 3).forward(zeros([2, 4]))).toThrow("hint: Linear expects 3 inputs but receives 4");
  });

  test("in the module's own code", () => {
    class Net extends Module {
      readonly linear = new Linear(2, 2);
      override forward(x: Tensor): Tensor {
        return reshape(this.linear.forward(x), [7]);
      }
    }
    expect(() => new Net().forward(zeros([1, 2]))).toThrow(/\n {2}in Net\n/);
  });

  test("keeping class, code, facts and the frames of the op that refused", () => {
    const net = new Sequential(new Linear(2, 2));
    let caught: unknown;
    try {
      net.forward(zeros([1, 3]));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ShapeError);
    expect(caught).toMatchObject({ code: "shape/matmul-inner", subject: "matmul", where: "Sequential[0] (Linear)" });
    expect(caught instanceof ShapeError && caught.facts).toHaveProperty("a");
    expect(caught instanceof ShapeError && caught.stack).toMatch(/^ShapeError: matmul(.|\n)*\n {4}at .*matmul/);
  });

  test("an error that is caught and dealt with leaves nothing behind", () => {
    class Careful extends Module {
      readonly first = new Linear(9, 9);
      readonly second = new Linear(2, 2);
      override forward(x: Tensor): Tensor {
        try {
          return this.first.forward(x);
        } catch {
          return this.second.forward(x);
        }
      }
    }
    const careful = new Careful();
    expect(careful.forward(zeros([1, 2])).shape).toEqual([1, 2]);
    expect(() => careful.forward(zeros([1, 3]))).toThrow("in Careful.second (Linear)");
  });

  test("errors of others pass unchanged", () => {
    const own = new RangeError("mine");
    class Throws extends Module {
      override forward(): Tensor {
        throw own;
      }
    }
    expect(() => new Sequential(new Throws()).forward(mul(tensor([1]), 1))).toThrow(own);
  });
});
