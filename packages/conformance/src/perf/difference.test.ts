import { expect, test } from "vitest";
import { difference } from "./difference.ts";

const array = (name: string, ...values: number[]) => ({ name, shape: [values.length], data: Float32Array.from(values) });

test("within the tolerance of an output's largest value, outputs are the same", () => {
  expect(difference([array("y", 100, 0)], [array("y", 100, 0.09)], 1e-3)).toBeNull();
  expect(difference([array("y", 100, 0)], [array("y", 100, 0.11)], 1e-3)).toBe("y differs by 1.1e-3 of its largest value, more than 0.001");
});

test("a single output may have another name; several are matched by name", () => {
  expect(difference([array("logits", 1)], [array("out", 1)], 1e-3)).toBeNull();
  expect(difference([array("a", 1), array("b", 2)], [array("b", 2), array("a", 1)], 1e-3)).toBeNull();
  expect(difference([array("a", 1), array("b", 2)], [array("a", 1), array("c", 2)], 1e-3)).toBe('gives no output "b" among a, c');
});

test("missing outputs, missing values and NaN differ", () => {
  expect(difference([array("a", 1), array("b", 2)], [array("a", 1)], 1)).toBe("gives 1 outputs, not 2");
  expect(difference([array("a", 1, 2)], [array("a", 1)], 1)).toBe("a has 1 values, not 2");
  expect(difference([array("a", 1, 2)], [array("a", 1, Number.NaN)], 1)).toMatch(/^a differs by Infinity/);
});
