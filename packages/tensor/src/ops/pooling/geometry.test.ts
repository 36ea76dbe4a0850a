import { expect, test } from "vitest";
import type { Reader } from "../../op/define.ts";
import { type Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import { axisIndex, linearIndex } from "../../scalar/index-expression.ts";
import { type Shape, stridesOf } from "../../shape.ts";
import { avgPool2dGradOp } from "./avg-pool2d.ts";
import { poolingOf } from "./geometry.ts";
import { maxUnpool2dOp } from "./max-pool2d.ts";

const out: Shape = [2, 3, 8, 6];
const attrs = { ...poolingOf(2, {}), inputShape: out };

test("touching windows pull their gradient with one read, at the pixel's index divided by the stride", () => {
  const { s, at, over, reader } = context(out);
  const body = avgPool2dGradOp.body({
    s,
    x: { ct: reader(0) },
    attrs: { ...attrs, countIncludePad: true, divisor: 0 },
    out: { shape: out, dtype: "float32" },
    at,
    over,
  });
  expect(print(body)).toMatchInlineSnapshot(`"mul(b0[0+3*(0+1*i2)/2+1*(0+1*i3)/2+36*i0+12*i1], 0.25)"`);
});

test("touching windows of maximum pooling ask nothing but whether the tap is theirs", () => {
  const { s, at, over, reader } = context(out);
  const body = maxUnpool2dOp.body({
    s,
    x: { ct: reader(0), index: { ...reader(1), dtype: "int32" } },
    attrs,
    out: { shape: out, dtype: "float32" },
    at,
    over,
  });
  expect(print(body)).toMatchInlineSnapshot(
    `"select(equal(b1[0+3*(0+1*i2)/2+1*(0+1*i3)/2+36*i0+12*i1], (0+2*(0+1*i2)%2+1*(0+1*i3)%2)), b0[0+3*(0+1*i2)/2+1*(0+1*i3)/2+36*i0+12*i1], 0)"`,
  );
});

function context(shape: Shape) {
  const s = new ScalarBuilder();
  const pooled: Shape = [2, 3, 4, 3];
  const at = shape.map((extent, axis) => axisIndex(axis, extent));
  const reader = (buffer: number): Reader => ({
    shape: pooled,
    dtype: "float32",
    at: (index) => s.load(buffer, "float32", linearIndex(index, stridesOf(pooled))),
  });
  return { s, at, over: [axisIndex(4, 1), axisIndex(5, 1)], reader };
}

function print(scalar: Scalar): string {
  switch (scalar.kind) {
    case "constant":
      return String(scalar.value);
    case "index":
      return `(${scalar.of.key})`;
    case "load":
      return `b${scalar.buffer}[${scalar.at.key}]`;
    case "accumulator":
      return `acc${scalar.slot}`;
    case "call":
      return `${scalar.leaf}(${scalar.args.map(print).join(", ")})`;
  }
  scalar satisfies never;
}
