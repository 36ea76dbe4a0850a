import type { Backend, Executable, Plan } from "@gradus/compile";

/** A plan made ready at once, as all are that need no kernels which are loaded first. */
export function prepared(backend: Backend, plan: Plan): Executable {
  const executable = backend.prepare(plan);
  if (executable instanceof Promise) throw new RangeError(`plan ${plan.name} needs kernels that are not loaded`);
  return executable;
}
