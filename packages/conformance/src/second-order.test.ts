import { apply, concat, type Fill, gradients, type Inputs, reshape, square, sum, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { drawCase, type ErasedCase, flatten, mapDrawn, type SpecifiedOp, specifiedOps, toTensor } from "./case.ts";
import { checkGradients } from "./check-gradients.ts";
import { seedOf } from "./random.ts";

/** Elements that a case may have in all, so that every op's turn is short. */
const largest = 300;

const elementsOf = (op: SpecifiedOp, each: ErasedCase): number =>
  flatten(drawCase(op.op, each, 1)).reduce((total, { data }) => total + data.length, 0);

/** The gradient of Σ out² with respect to every float32 input, as one vector: it depends on the inputs even where the op is linear. */
function gradientOf(op: SpecifiedOp, each: ErasedCase, seed: number): { readonly inputs: Tensor[]; f(...inputs: Tensor[]): Tensor } {
  const drawn = drawCase(op.op, each, seed);
  const inputs = flatten(drawn)
    .filter(({ dtype }) => dtype === "float32")
    .map(toTensor);
  return {
    inputs,
    f: (...given) => {
      const left = [...given];
      const x = mapDrawn(drawn, (host) => (host.dtype === "float32" ? (left.shift() ?? toTensor(host)) : toTensor(host)));
      const out = apply(op.op, x as Fill<Inputs, Tensor>, each.attrs);
      return concat(gradients(sum(square(out)), given).map((grad) => reshape(grad, [grad.size])));
    },
  };
}

/** Cases with float32 in and out, that have elements and not too many. */
function casesOf(op: SpecifiedOp): readonly ErasedCase[] {
  return op.cases.filter((each) => {
    const size = elementsOf(op, each);
    const drawn = drawCase(op.op, each, 1);
    const hasFloats = flatten(drawn).some(({ dtype, data }) => dtype === "float32" && data.length > 0);
    return hasFloats && size <= largest && apply(op.op, mapDrawn(drawn, toTensor) as Fill<Inputs, Tensor>, each.attrs).dtype === "float32";
  });
}

describe("gradients of gradients of every op agree with finite differences", () => {
  const differentiable = specifiedOps().filter(({ op, noGradient }) => noGradient === undefined && Object.keys(op.inputs).length > 0);

  test.each(differentiable.map((op) => [op.name, op] as const))("%s", (name, op) => {
    const cases = casesOf(op);
    expect(cases.length).toBeGreaterThan(0);
    for (const [i, each] of cases.entries()) {
      const { inputs, f } = gradientOf(op, each, seedOf(name, i));
      checkGradients(f, inputs, { tolerance: 1e-4, entries: 6, seed: seedOf(name, i) });
    }
  });
});
