import { apply } from "../../op/apply.ts";
import { defineLoop } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";

export const identityOp = defineLoop<Tensor>()({
  name: "identity",
  inputs: { x: "one" },
  attrs: {},
  access: "view",
  infer: ({ x }) => x,
  body: ({ x: { x }, at }) => x.at(at),
  vjp: ({ ct }) => ({ x: ct }),
});

/** The same values as a node of its own, so that gradients with respect to it see only what is computed from it. */
export function identity(x: Tensor): Tensor {
  return apply(identityOp, { x }, {});
}

export const stopGradientOp = defineLoop<Tensor>()({
  name: "stopGradient",
  inputs: { x: "one" },
  attrs: {},
  access: "view",
  infer: ({ x }) => x,
  body: ({ x: { x }, at }) => x.at(at),
  vjp: () => ({ x: null }),
});

/** The same values, as a constant to differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, { x }, {});
}
