import type { Tensor } from "./tensor.ts";

/** The inputs of a recorded call; none for data. */
export function parentsOf(tensor: Tensor): readonly Tensor[] {
  return tensor.source.kind === "op" ? tensor.source.parents : [];
}

/** Every tensor the roots depend on, producers before consumers, each once. Iterative: graphs are deeper than call stacks. */
export function topological(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const order: Tensor[] = [];
  const stack: Visit[] = [];
  const enter = (tensor: Tensor): void => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    stack.push({ tensor, parents: parentsOf(tensor), next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const parent = visit.parents[visit.next++];
      if (parent !== undefined) enter(parent);
      else {
        order.push(visit.tensor);
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
