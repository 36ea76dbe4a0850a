import { ArgumentError } from "./errors.ts";
import { totalOfCotangents } from "./cotangents.ts";
import { parentsOf, topological } from "./graph.ts";
import { opOf, pullBack } from "./op/apply.ts";
import type { Aval } from "./op/define.ts";
import { isFloat } from "./dtype.ts";
import { cast } from "./ops/pointwise/cast.ts";
import { ones, zeros } from "./ops/source/full.ts";
import { identity } from "./ops/view/identity.ts";
import type { State } from "./state.ts";
import type { Tensor } from "./tensor.ts";

/** Anything with named parameters: a model. */
export interface Parameterised {
  parameters(): Iterable<readonly [path: string, parameter: State]>;
}

/**
 * Gradients of a scalar with respect to tensors already in its graph, by reverse-mode differentiation:
 * the graph is walked backwards once, each op pulling its cotangent back, so the result is graph again and nests.
 *
 * A tensor the loss does not depend on gets zeros.
 *
 * @throws ArgumentError if the loss is not one float32 number.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.size !== 1 || loss.dtype !== "float32") {
    throw new ArgumentError("grad/not-a-scalar", `the loss must be one float32 number, not ${loss}`, {
      subject: "grad",
      hint: "reduce it first: mean(...) or sum(...)",
    });
  }
  const targets = wrt.map((t) => t.value());
  return propagate([[loss.value(), ones(loss.shape)]], targets).map((ct, i) => ct ?? zeroCotangent(wrt[i]));
}

/**
 * The function that computes the gradient of `f` (a scalar) with respect to each argument.
 *
 * Example: `const [dx] = grad((x: Tensor) => sum(mul(x, x)))(x)`.
 */
export function grad(f: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor[] {
  const both = valueAndGrad(f);
  return (...inputs) => both(...inputs).grads;
}

export function valueAndGrad(
  f: (...inputs: Tensor[]) => Tensor,
): (...inputs: Tensor[]) => { readonly value: Tensor; readonly grads: Tensor[] };
export function valueAndGrad(model: Parameterised, f: () => Tensor): { readonly loss: Tensor; readonly grads: ReadonlyMap<string, Tensor> };
/**
 * The value of a scalar function together with its gradient: of a function's arguments, or of a model's parameters (by path).
 *
 * @throws ArgumentError if the value is not one float32 number.
 */
export function valueAndGrad(target: Parameterised | ((...inputs: Tensor[]) => Tensor), f?: () => Tensor): unknown {
  if (typeof target === "function") {
    return (...inputs: Tensor[]) => {
      const fresh = inputs.map((input) => identity(input));
      const value = target(...fresh);
      return { value, grads: gradients(value, fresh) };
    };
  }
  if (f === undefined)
    throw new ArgumentError("argument/missing", "needs the function that computes the loss", { subject: "valueAndGrad" });
  const parameters = [...target.parameters()];
  const before = parameters.map(([, parameter]) => parameter.value());
  const loss = f();
  const grads = gradients(loss, before);
  return { loss, grads: new Map(parameters.map(([path], i) => [path, grads[i] ?? zeros([])])) };
}

/**
 * The value of `f` at `inputs` and its pullback: cotangents of the outputs to cotangents of the inputs.
 *
 * Example: `const { value, pullback } = vjp((x) => exp(x), [x]); const [dx] = pullback(ones(value.shape));`
 */
export function vjp(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
): { readonly value: Tensor; readonly pullback: (ct: Tensor) => Tensor[] } {
  const fresh = inputs.map((input) => identity(input));
  const value = f(...fresh);
  return {
    value,
    pullback: (ct) => propagate([[value, ct]], fresh).map((pulled, i) => pulled ?? zeroCotangent(inputs[i])),
  };
}

/** Pulls cotangents back from `seeds` to `targets`; null where nothing flows. */
export function propagate(seeds: readonly (readonly [Tensor, Tensor])[], targets: readonly Tensor[]): (Tensor | null)[] {
  const wanted = new Set(targets);
  const received = new Map<Tensor, Tensor[]>();
  const receive = (tensor: Tensor, ct: Tensor): void => {
    const before = received.get(tensor);
    // What flows to a half is a half, whatever the formulas on the way were computed in.
    const own = isFloat(tensor.dtype) ? cast(ct, tensor.dtype) : ct;
    if (before === undefined) received.set(tensor, [own]);
    else before.push(own);
  };
  const cotangentOf = (tensor: Tensor): Tensor | null => {
    const parts = received.get(tensor);
    if (parts === undefined) return null;
    const [only = tensor] = parts;
    const total = parts.length === 1 ? only : totalOfCotangents(parts);
    received.set(tensor, [total]);
    return total;
  };
  for (const [tensor, ct] of seeds) receive(tensor, ct);
  /** What reached the taps of each scan, which goes back through it together. */
  const tapped = new Map<Tensor, (readonly [Tensor, Tensor])[]>();
  const order = reaching(
    seeds.map(([tensor]) => tensor),
    wanted,
  );
  for (let i = order.length - 1; i >= 0; i--) {
    const tensor = order[i];
    if (tensor === undefined) continue;
    const op = opOf(tensor);
    const fromTaps = tapped.get(tensor);
    if (op?.kind === "scan" && fromTaps !== undefined) for (const [parent, pulled] of op.vjp(tensor, fromTaps)) receive(parent, pulled);
    const ct = cotangentOf(tensor);
    if (ct === null) continue;
    if (op?.kind === "tap") for (const scan of parentsOf(tensor)) tapped.set(scan, [...(tapped.get(scan) ?? []), [tensor, ct]]);
    else for (const [parent, pulled] of pullBack(tensor, ct)) receive(parent, pulled);
  }
  return targets.map(cotangentOf);
}

function zeroCotangent({ shape, dtype }: Aval = { shape: [], dtype: "float32" }): Tensor {
  return zeros(shape, { dtype: isFloat(dtype) ? dtype : "float32" });
}

/** Tensors on a path from a wanted one to a root, producers first. */
function reaching(roots: readonly Tensor[], wanted: ReadonlySet<Tensor>): Tensor[] {
  const all = topological(roots);
  const onPath = new Uint8Array(all.length);
  let found = 0;
  let cut: Tensor | null = null;
  const order = all.filter((tensor, position) => {
    if (wanted.has(tensor)) found++;
    else if ((tensor.source.kind === "host" || tensor.source.kind === "state") && tensor.source.computed) cut = tensor;
    else if (!parentsOf(tensor).some((parent) => onPath[parent.walkPosition] === 1)) return false;
    onPath[position] = 1;
    return true;
  });
  if (cut !== null && found < wanted.size) {
    throw new ArgumentError("grad/evaluated", "part of the graph was already computed and forgotten, so gradients cannot flow through it", {
      subject: "grad",
      facts: { tensor: String(cut) },
      hint: "take gradients before reading values with data() or item()",
    });
  }
  return order;
}
