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
  const stack: Visit[] = [];
  const enter = (tensor: Tensor): void => {
    if (tensor.walkNumber === walk) return;
    tensor.walkNumber = walk;
    stack.push({ tensor, parents: parentsOf(tensor), next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const parent = visit.parents[visit.next++];
      if (parent !== undefined) enter(parent);
      else {
        visit.tensor.walkPosition = order.push(visit.tensor) - 1;
        stack.pop();
      }
    }
  }
  return order;
}

/** A tensor on the way down, and which of its parents comes next. */
interface Visit {
  readonly tensor: Tensor;
  readonly parents: readonly Tensor[];
  next: number;
}
