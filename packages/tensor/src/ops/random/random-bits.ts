import { apply } from "../../op/apply.ts";
import { integer, integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { inKernel } from "../../random/arithmetic.ts";
import type { Key } from "../../random/key.ts";
import { threefry } from "../../random/threefry.ts";
import { constantIndex, linearIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape, stridesOf } from "../../shape.ts";
import { fromHost, Tensor } from "../../tensor.ts";
import { checkExtents } from "../source/full.ts";

/** The key is data, so that a compiled step draws anew each time without being compiled again. */
export const randomBitsOp = defineLoop<Tensor>()({
  name: "randomBits",
  inputs: { key: "one" },
  attrs: { shape: integers, salt: integer },
  access: "index",
  infer: ({ key }, { shape }, fail) => {
    checkExtents(shape, fail);
    if (key.dtype !== "int32" || !sameShape(key.shape, [2]))
      fail({
        code: "shape/random-key",
        sentence: `a key must be int32[2], not ${key.dtype}[${key.shape.join(", ")}]`,
        hint: "use keyTensor(key)",
      });
    return { shape, dtype: "int32" };
  },
  body: ({ s, x: { key }, attrs: { shape, salt }, at }) => {
    const words = [key.at([constantIndex(0)]), key.at([constantIndex(1)])] as const;
    return threefry(inKernel(s), words, [s.index(linearIndex(at, stridesOf(shape))), s.constant("int32", salt | 0)])[0];
  },
  vjp: () => ({ key: null }),
});

/** Where random numbers come from. */
export interface DrawOptions {
  /** A key, or its tensor where it changes from step to step. */
  readonly key: Key | Tensor;
  /** Tells several draws from one key apart; 0 when left out. */
  readonly salt?: number;
}

/** A key as an int32[2] tensor, to be passed into compiled code. */
export function keyTensor({ words }: Key): Tensor {
  return fromHost([2], "int32", Int32Array.from(words));
}

/** Uniformly random 32-bit words, as int32: a pure function of key, salt and position. */
export function randomBits(shape: Shape, { key, salt = 0 }: DrawOptions): Tensor {
  return apply(randomBitsOp, { key: key instanceof Tensor ? key : keyTensor(key) }, { shape, salt });
}
