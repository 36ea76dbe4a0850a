import type { Tensor } from "./tensor.ts";

/** The inputs of a recorded call; none for data. */
export function parentsOf(tensor: Tensor): readonly Tensor[] {
  return tensor.source.kind === "op" ? tensor.source.parents : [];
}

/** Every tensor the roots depend on, producers before consumers, each once. Iterative: graphs are deeper than call stacks. */
export function topological(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const order: Tensor[] = [];
  const stack: Tensor[] = [];
  const progress: number[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push(root);
    progress.push(0);
    while (stack.length > 0) {
      const top = stack.length - 1;
      const tensor = stack[top] as Tensor;
      const next = progress[top] as number;
      const parent = parentsOf(tensor)[next];
      if (parent === undefined) {
        order.push(tensor);
        stack.pop();
        progress.pop();
        continue;
      }
      progress[top] = next + 1;
      if (!seen.has(parent)) {
        seen.add(parent);
        stack.push(parent);
        progress.push(0);
      }
    }
  }
  return order;
}
