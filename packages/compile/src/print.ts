import type { Scalar } from "@gradus/tensor";
import { type Plan, readsOfStep, type Step, writesOfStep } from "./plan.ts";

/** What a plan costs: for budgets, snapshots and reports. */
export interface PlanCost {
  readonly kernels: number;
  /** Bytes kernels read and write, each buffer once a kernel. */
  readonly bytesMoved: number;
  readonly arenaBytes: number;
}

export function planCost({ steps, buffers, arenaBytes }: Plan): PlanCost {
  const bytesMoved = steps.reduce(
    (sum, step) =>
      sum + [...new Set([...readsOfStep(step), ...writesOfStep(step)])].reduce((total, id) => total + (buffers[id]?.bytes ?? 0), 0),
    0,
  );
  return { kernels: steps.length, bytesMoved, arenaBytes };
}

/** A plan as text: one line a kernel, with the rows of its sweep if it is swept, then the totals. */
export function printPlan(plan: Plan): string {
  const { kernels, bytesMoved, arenaBytes } = planCost(plan);
  const sweepOf = (number: number): string => {
    const sweep = plan.sweeps.find(({ first, count }) => first <= number && number < first + count);
    return sweep === undefined ? "" : `${number === sweep.first ? `sweep of ${sweep.rows} rows:\n` : ""}  `;
  };
  const lines = plan.steps.map((step, number) => {
    const name = (id: number): string =>
      `${plan.buffers[id]?.label ?? "?"} ${plan.buffers[id]?.dtype}[${plan.buffers[id]?.shape.join(", ")}]`;
    return `${sweepOf(number)}${step.label} ${loopsOf(step)}: ${readsOfStep(step).map(name).join(", ")} -> ${writesOfStep(step).map(name).join(", ")}`;
  });
  return [...lines, `${kernels} kernels, ${bytesMoved} bytes moved, ${arenaBytes} bytes of arena`].join("\n");
}

function loopsOf(step: Step): string {
  if (step.kind === "routine") return "routine";
  if (step.kind === "library") return step.epilogue === null ? "library" : `library then ${printScalar(step.epilogue.value)}`;
  return `[${step.extents.join(", ")}]${step.reduce.length > 0 ? ` ${step.terms.map(({ combine }) => combine).join()} over [${step.reduce.join(", ")}]` : ""}`;
}

/** A scalar program as an expression, cut where it gets long. */
export function printScalar(scalar: Scalar, depth = 6): string {
  switch (scalar.kind) {
    case "constant":
      return String(scalar.value);
    case "index":
      return `(${scalar.of.key})`;
    case "load":
      return `b${scalar.buffer}[${scalar.at.key}]`;
    case "accumulator":
      return `acc${scalar.slot}`;
    case "call":
      return depth === 0 ? "..." : `${scalar.leaf}(${scalar.args.map((arg) => printScalar(arg, depth - 1)).join(", ")})`;
  }
  scalar satisfies never;
}
