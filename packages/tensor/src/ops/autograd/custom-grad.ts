import { ShapeError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { gradientOnly } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

/** One call of a function with a gradient of its own. */
export interface CustomCall {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What flows back to the output, in its shape. */
  readonly cotangent: Tensor;
}

/** Cotangents of the inputs, in their order and shapes; null where there is none. */
export type CustomBackward = (call: CustomCall) => readonly (Tensor | null)[];

/** The value of a function, with its inputs as gradients shall see them: nothing flows into the value itself. */
export const customGradOp = defineLoop<Tensor>()({
  name: "customGrad",
  inputs: { value: "one", xs: "many" },
  attrs: { backward: gradientOnly<CustomBackward>("a gradient function") },
  access: "view",
  infer: ({ value }) => value,
  body: ({ x: { value }, at }) => value.at(at),
  vjp: ({ x: { xs }, out, ct, attrs: { backward } }) => {
    const cotangents = backward({ inputs: xs, output: out, cotangent: ct });
    xs.forEach((x, i) => checkCotangent(x, cotangents[i] ?? null, i));
    return { value: null, xs: xs.map((_, i) => cotangents[i] ?? null) };
  },
});

/**
 * `f` with a gradient given by hand: `backward` receives the inputs, the output and its cotangent, and returns the
 * cotangents of the inputs. It is tensor code, so higher derivatives follow from it.
 *
 * Tensors that `f` uses without being given them get no gradient through it.
 *
 * Example, the straight-through estimator: `customGrad(round, ({ cotangent }) => [cotangent])`.
 *
 * @throws ShapeError, while gradients are taken, if a cotangent does not have its input's shape.
 */
export function customGrad(f: (...inputs: Tensor[]) => Tensor, backward: CustomBackward): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => apply(customGradOp, { value: f(...inputs), xs: inputs }, { backward });
}

function checkCotangent(x: Tensor, cotangent: Tensor | null, position: number): void {
  if (cotangent === null || sameShape(x.shape, cotangent.shape)) return;
  throw new ShapeError("shape/custom-grad", `the cotangent of input ${position} must have its shape`, {
    subject: "customGrad",
    facts: { input: String(x), cotangent: String(cotangent) },
  });
}
