import { propagate } from "../../grad.ts";
import { dependents, parentsOf } from "../../graph.ts";
import { apply, withInputs } from "../../op/apply.ts";
import { gradientOnly } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";
import { identity } from "../view/identity.ts";

/**
 * A recorded piece of graph that can be recorded again from other inputs.
 *
 * @internal
 */
export interface Region {
  readonly output: Tensor;
  /** What stands for the inputs inside. */
  readonly inputs: readonly Tensor[];
  /** What the region reads besides its inputs: parameters, constants, values made earlier. */
  readonly captured: readonly Tensor[];
}

/** The value of a region, with everything it was computed from as gradients shall see it. */
export const checkpointOp = defineLoop<Tensor>()({
  name: "checkpoint",
  inputs: { value: "one", inputs: "many", captured: "many" },
  attrs: { region: gradientOnly<Region>("a region") },
  access: "view",
  infer: ({ value }) => value,
  body: ({ x: { value }, at }) => value.at(at),
  vjp: ({ x: { inputs, captured }, ct, attrs: { region } }) => {
    const again = inputs.map((x) => barrier(x, ct));
    const beside = captured.map((x) => identity(x));
    const output = recompute(region, again, beside);
    const pulled = propagate([[output, ct]], [...again, ...beside]);
    return { value: null, inputs: pulled.slice(0, inputs.length), captured: pulled.slice(inputs.length) };
  },
});

/** `x`, but not before `after` is there: keeps a recomputation from being merged with, or moved to, the first computation. */
export const barrierOp = defineLoop<Tensor>()({
  name: "barrier",
  inputs: { x: "one", after: "one" },
  attrs: {},
  access: "view",
  infer: ({ x }) => x,
  body: ({ x: { x }, at }) => x.at(at),
  vjp: ({ ct }) => ({ x: ct, after: null }),
});

/**
 * `f` without keeping what it computes on the way: gradients compute it a second time from the inputs. Saves memory for
 * about one more forward pass of `f`.
 *
 * Parameters that `f` uses without being given them get their gradients as ever. `f` itself is called once: the
 * second computation repeats what it recorded, random numbers included.
 *
 * Example: `const y = checkpoint((x) => block.forward(x))(x)`.
 */
export function checkpoint(f: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const inside = inputs.map((x) => identity(x));
    const output = f(...inside).value();
    const region = { output, inputs: inside, captured: capturedBy(output, inside) };
    return apply(checkpointOp, { value: output, inputs, captured: region.captured }, { region });
  };
}

function barrier(x: Tensor, after: Tensor): Tensor {
  return apply(barrierOp, { x, after }, {});
}

/** What nodes that depend on the inputs read, and that does not itself depend on them. */
function capturedBy(output: Tensor, inputs: readonly Tensor[]): Tensor[] {
  const inside = dependents([output], inputs);
  const captured = new Set<Tensor>(inside.has(output) ? [] : [output]);
  for (const tensor of inside) {
    if (!inputs.includes(tensor)) for (const parent of parentsOf(tensor)) if (!inside.has(parent)) captured.add(parent);
  }
  return [...captured];
}

function recompute({ output, inputs, captured }: Region, again: readonly Tensor[], beside: readonly Tensor[]): Tensor {
  const copies = new Map<Tensor, Tensor>();
  const standIn = (tensor: Tensor): Tensor => copies.get(tensor) ?? tensor;
  inputs.forEach((x, i) => copies.set(x, again[i] ?? x));
  captured.forEach((x, i) => copies.set(x, beside[i] ?? x));
  for (const tensor of dependents([output], inputs)) {
    if (!copies.has(tensor)) copies.set(tensor, withInputs(tensor, standIn));
  }
  return standIn(output);
}
