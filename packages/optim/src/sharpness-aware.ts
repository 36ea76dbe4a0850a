import { abs, add, div, mul, type Parameterised, pendingStates, type State, type Tensor, valueAndGrad } from "@gradus/tensor";
import { positive } from "./check.ts";
import { gradNorm, type Gradients } from "./clip.ts";

export interface SharpnessAwareOptions {
  /** How far to climb before the gradient is taken; 0.05 when left out (0.5 to 2 is usual with `adaptive`). */
  readonly rho?: number;
  /** Climbs further where parameters are larger, so that scaling a layer does not change its sharpness; false when left out. */
  readonly adaptive?: boolean;
}

/**
 * The loss at the parameters, with the gradient at the worst point near them: sharpness-aware minimisation. It takes the
 * place of `valueAndGrad(model, loss)` in front of any optimizer, and calls `loss` twice.
 *
 * With the gradient g at p: e = rho * g / (|g| + 1e-12), adaptive e = rho * p² g / (|p g| + 1e-12), lengths over all
 * parameters; the result is the gradient at p + e. Everything else that `loss` updates, such as running statistics, keeps
 * what its first call, at p, made of it.
 * Sources: Foret et al., Sharpness-Aware Minimization, 2021, algorithm 1; adaptive: Kwon et al., ASAM, 2021, equation 7.
 *
 * Example: `optimizer.apply(model, sharpnessAware(model, loss).grads)`.
 *
 * @throws ArgumentError unless rho is above 0.
 */
export function sharpnessAware(
  model: Parameterised,
  loss: () => Tensor,
  { rho = 0.05, adaptive = false }: SharpnessAwareOptions = {},
): { readonly loss: Tensor; readonly grads: Gradients } {
  positive("sharpnessAware", "rho", rho);
  const here = valueAndGrad(model, loss);
  const parameters = [...model.parameters()].map(([path, parameter]) => ({ path, parameter, grad: here.grads.get(path) }));
  const climbs = parameters.flatMap(({ path, parameter, grad }) => {
    if (grad === undefined) return [];
    const scale = adaptive ? abs(parameter.value()) : null;
    return [{ path, parameter, scale, scaled: scale === null ? grad : mul(grad, scale) }];
  });
  const size = add(gradNorm(new Map(climbs.map(({ path, scaled }) => [path, scaled]))), 1e-12);
  const before = new Map<State, Tensor | null>([...pendingStates].map((state) => [state, state.pending]));
  try {
    for (const { parameter, scale, scaled } of climbs) {
      const direction = scale === null ? scaled : mul(scaled, scale);
      parameter.assign(add(parameter.value(), mul(direction, div(rho, size))));
    }
    return { loss: here.loss, grads: valueAndGrad(model, loss).grads };
  } finally {
    for (const state of new Set(pendingStates)) restore(state, before.get(state) ?? null);
  }
}

function restore(state: State, pending: Tensor | null): void {
  if (pending === null) state.discard();
  else state.assign(pending);
}
