import type { Scalar } from "@gradus/tensor";
import { type Plan, readsOfStep, type Step, writesOfStep } from "./plan.ts";

/** What a plan costs: for budgets, snapshots and reports. */
export interface PlanCost {
  /** Kernels that are run, those of a scan as often as it has steps. */
  readonly kernels: number;
  /** Bytes kernels read and write, each buffer once a kernel. */
  readonly bytesMoved: number;
  readonly arenaBytes: number;
}

export function planCost({ steps, buffers, arenaBytes }: Plan): PlanCost {
  let [kernels, bytesMoved] = [0, 0];
  for (const step of steps) {
    if (step.kind === "scan") {
      const once = planCost(step.body);
      kernels += step.count * once.kernels;
      bytesMoved += step.count * once.bytesMoved;
      continue;
    }
    kernels++;
    for (const id of new Set([...readsOfStep(step), ...writesOfStep(step)])) bytesMoved += buffers[id]?.bytes ?? 0;
  }
  return { kernels, bytesMoved, arenaBytes };
}

/** A plan as text: one line a kernel, those of a scan below it, with the rows of its sweep if it is swept, then the totals. */
export function printPlan(plan: Plan): string {
  const { kernels, bytesMoved, arenaBytes } = planCost(plan);
  return [...linesOf(plan), `${kernels} kernels, ${bytesMoved} bytes moved, ${arenaBytes} bytes of arena`].join("\n");
}

function linesOf({ steps, buffers, sweeps }: Plan): string[] {
  const name = (id: number): string => `${buffers[id]?.label ?? "?"} ${buffers[id]?.dtype}[${buffers[id]?.shape.join(", ")}]`;
  return steps.flatMap((step, number) => {
    const sweep = sweeps.find(({ first, count }) => first <= number && number < first + count);
    const line = `${step.label} ${loopsOf(step)}: ${readsOfStep(step).map(name).join(", ")} -> ${writesOfStep(step).map(name).join(", ")}`;
    return [
      ...(sweep?.first === number ? [`sweep of ${sweep.rows} rows:`] : []),
      sweep === undefined ? line : `  ${line}`,
      ...(step.kind === "scan" ? linesOf(step.body).map((inner) => `  ${inner}`) : []),
    ];
  });
}

function loopsOf(step: Step): string {
  if (step.kind === "scan") return `of ${step.count} steps`;
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
