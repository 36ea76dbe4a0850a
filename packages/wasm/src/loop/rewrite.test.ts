import { axisIndex, clampIndex, offsetIndex, type Scalar, ScalarBuilder } from "@gradus/tensor";
import { expect, test } from "vitest";
import { withoutClamps } from "./rewrite.ts";

const s = new ScalarBuilder();
const axis = axisIndex(0, 8);

test("a clamp goes where a select already keeps the index inside", () => {
  const outside = offsetIndex(axis, -1);
  const guarded = s.call(
    "select",
    s.within(outside, 0, 8) ?? s.constant("bool", 1),
    s.load(0, "float32", clampIndex(outside, 8)),
    s.constant("float32", 0),
  );
  const bare = withoutClamps(s, guarded);
  expect(bare.kind === "call" ? bare.args[1] : null).toBe(s.load(0, "float32", outside));
});

test("selects within selects are gone through once each", () => {
  let program: Scalar = s.load(0, "float32", axis);
  for (let depth = 0; depth < 60; depth++) {
    const value: Scalar = s.call("add", program, s.constant("float32", depth));
    program = s.call("select", s.call("less", s.constant("float32", 0), value), value, program);
  }
  expect(withoutClamps(s, program)).toBe(program);
});
