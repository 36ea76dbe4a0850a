import type { Engine } from "@gradus/compile";
import {
  abs,
  add,
  cast,
  div,
  float16Value,
  fromHost,
  gradients,
  hostFrom,
  identity,
  matmul,
  max,
  mul,
  neg,
  numbersOf,
  NumericError,
  relu,
  sub,
  sum,
  tanh,
  type Tensor,
} from "@gradus/tensor";
import type { Behaviour } from "./behaviours.ts";
import { disagreement, exact } from "./tolerance.ts";

/** What every engine does with halves, bit for bit. */
export const halfBehaviours: readonly Behaviour[] = [
  {
    name: "every half is the float32 that equals it, and comes back from it",
    async check(engine) {
      const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
      const halves = fromHost([bits.length], "float16", bits);
      const [wide, back, moved] = [cast(halves, "float32"), cast(cast(halves, "float32"), "float16"), identity(halves)];
      const numbers = numbersOf("float16", bits);
      await same(engine, wide, numbers);
      await same(engine, back, numbers);
      await same(engine, moved, numbers);
    },
  },
  {
    name: "a float between two halves becomes the nearer one, or the even one; from 65520 on it is infinite",
    async check(engine) {
      const values: number[] = [];
      for (let bits = 0; bits < 0x7c00; bits++) {
        const middle = (float16Value(bits) + (bits === 0x7bff ? 65536 : float16Value(bits + 1))) / 2;
        for (const value of [middle, middle * (1 - 2 ** -23), middle * (1 + 2 ** -23)]) values.push(value, -value);
      }
      values.push(1e30, -1e30, Infinity, Number.NaN, 1e-30, -1e-30);
      const floats = Float32Array.from(values);
      const rounded = cast(fromHost([floats.length], "float32", floats), "float16");
      await same(engine, rounded, numbersOf("float16", hostFrom("float16", floats)));
    },
  },
  {
    name: "sums of halves are made in float32 and rounded once",
    async check(engine) {
      // In halves the sum would stop at 2048, where one more is lost.
      const ones = fromHost([3, 3000], "float16", new Uint16Array(9000).fill(0x3c00));
      await same(engine, sum(ones, { axis: 1 }), [3000, 3000, 3000]);
      await same(engine, sum(ones, { axis: 0 }), new Array<number>(3000).fill(3));
      await same(engine, sum(ones), [9000]);
    },
  },
  {
    name: "a value in halves is rounded whether or not it is stored between two ops",
    async check(engine) {
      const x = fromHost([3], "float16", hostFrom("float16", [1, 1024, 60000]));
      const more = add(x, 2 ** -11);
      const fused = sub(more, x);
      await same(engine, fused, [0, 0, 0]);
      const doubled = mul(x, 2);
      await engine.evaluate([doubled]);
      await same(engine, neg(doubled), [-2, -2048, -Infinity]);
      await same(engine, mul(mul(x, 2), 0.5), [1, 1024, Infinity]);
    },
  },
  {
    name: "a chain of ops on halves gives the same bits at once and one by one",
    async check(engine) {
      const draw = (offset: number): Tensor => {
        const values = Array.from({ length: 12 * 37 }, (_, i) => Math.sin(1 + i * 1.7 + offset) * 3);
        return fromHost([12, 37], "float16", hostFrom("float16", values));
      };
      const [x, y] = [draw(0), draw(0.5)];
      const links: readonly ((value: Tensor) => Tensor)[] = [
        (value) => mul(value, y),
        (value) => add(value, 0.1),
        (value) => relu(value),
        (value) => sub(value, matmul(matmul(value, y, { transposeB: true }), y)),
        (value) => tanh(mul(value, 0.01)),
        (value) => div(value, add(sum(abs(value), { axis: 1, keepDims: true }), 1)),
        (value) => max(value, { axis: 0 }),
      ];
      const atOnce = links.reduce((value, link) => link(value), x);
      let oneByOne = x;
      for (const link of links) {
        oneByOne = link(oneByOne);
        await engine.evaluate([oneByOne]);
      }
      await same(engine, atOnce, numbersOf("float16", await oneByOne.data()));
    },
  },
  {
    name: "the gradient finds the largest of halves that were never stored",
    async check(engine) {
      const x = fromHost([4], "float16", hostFrom("float16", [0.1, 0.7, 0.3, 0.2]));
      const [slope = x] = gradients(cast(max(mul(x, 1.1)), "float32"), [x]);
      await same(engine, slope, [0, 1.099609375, 0, 0]);
    },
  },
];

async function same(engine: Engine, tensor: Tensor, want: ArrayLike<number>): Promise<void> {
  if (tensor.host === null) await engine.evaluate([tensor]);
  const got = numbersOf(tensor.dtype, await tensor.data());
  const reason = disagreement(got, want, exact);
  if (reason !== null) throw new NumericError("behaviour/halves", reason, { facts: { tensor: String(tensor) } });
}
