import type { Tensor } from "./tensor.ts";

/** The inputs of a recorded call; none for data. */
export function parentsOf(tensor: Tensor): readonly Tensor[] {
  return tensor.source.kind === "op" ? tensor.source.parents : [];
}

let walks = 0;

/**
 * Every tensor the roots depend on, producers before consumers, each once; `walkPosition` of each is its position in the
 * result. Iterative: graphs are deeper than call stacks. Marks stand in the tensors: a set of them costs more than the rest of the walk.
 */
export function topological(roots: readonly Tensor[]): Tensor[] {
  const walk = ++walks;
  const order: Tensor[] = [];
  // The way down: tensors, their inputs, and which input comes next.
  const path: Tensor[] = [];
  const inputs: (readonly Tensor[])[] = [];
  const next: number[] = [];
  let depth = 0;
  const enter = (tensor: Tensor): void => {
    if (tensor.walkNumber === walk) return;
    tensor.walkNumber = walk;
    path[depth] = tensor;
    inputs[depth] = parentsOf(tensor);
    next[depth++] = 0;
  };
  for (const root of roots) {
    enter(root);
    while (depth > 0) {
      const top = depth - 1;
      const at = next[top] ?? 0;
      const parent = inputs[top]?.[at];
      next[top] = at + 1;
      if (parent !== undefined) {
        enter(parent);
        continue;
      }
      const done = path[top];
      depth = top;
      if (done !== undefined) done.walkPosition = order.push(done) - 1;
    }
  }
  return order;
}

/**
 * Given tensors, and what is computed from them on the way to the roots, producers first.
 *
 * @internal
 */
export function dependents(roots: readonly Tensor[], given: readonly Tensor[]): Set<Tensor> {
  const found = new Set<Tensor>(given);
  for (const tensor of topological(roots)) if (parentsOf(tensor).some((parent) => found.has(parent))) found.add(tensor);
  return found;
}
