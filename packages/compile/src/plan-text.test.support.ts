import { fromHost, hostArray, pendingStates, type Shape, sizeOf, State, type Tensor } from "@gradus/tensor";
import { buildPlan } from "./build.ts";
import { takePending } from "./engine.ts";
import type { BufferId, Plan, PlanWishes, Step } from "./plan.ts";
import { printScalar } from "./print.ts";
import { readProgram } from "./program.ts";
import { usualSweeping } from "./sweeps.ts";

/** Plans outputs and whatever updates were recorded on the way, and forgets the updates. */
export function planOf(...outputs: readonly Tensor[]): Plan {
  return planned(outputs);
}

/** The same with sweeps of any size. */
export function sweptPlanOf(...outputs: readonly Tensor[]): Plan {
  return planned(outputs, {
    alignment: 64,
    rowAlignment: 1,
    sideBySide: false,
    sweeping: { ...usualSweeping, leastBytes: 0 },
    takesHalves: false,
  });
}

function planned(outputs: readonly Tensor[], wishes?: PlanWishes): Plan {
  try {
    return buildPlan(
      readProgram(
        outputs.map((output) => output.value()),
        takePending(),
      ),
      wishes,
    );
  } finally {
    for (const state of pendingStates) state.discard();
  }
}

/** A plan with every kernel's loops, programs and places: what snapshots are made of. */
export function textOf(plan: Plan): string {
  const name = (id: BufferId): string => `%${id}`;
  const stepText = (step: Step): string[] => {
    if (step.kind === "routine") return [`${step.label}: ${step.reads.map(name).join(", ")} -> ${name(step.write)}`];
    if (step.kind === "scan") {
      const place = ({ buffer, first, step: by }: (typeof step.rows)[number]): string => `${name(buffer)}[${first} + ${by} k]`;
      const body = textOf(step.body)
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => `    ${line}`);
      return [
        `${step.label}: ${step.count} steps, binding ${step.rows.map(place).join(", ")}, in ${step.arena === null ? "no arena" : name(step.arena)}`,
        ...body,
      ];
    }
    if (step.kind === "library") {
      const { epilogue } = step;
      const head = `${step.label}: ${step.reads.map(name).join(", ")} -> ${name(step.write)}`;
      return epilogue === null
        ? [head]
        : [
            head,
            `  then over [${epilogue.axes.join(", ")}] ${printScalar(epilogue.value)}${epilogue.reads.length > 0 ? ` of ${epilogue.reads.map(name).join(", ")}` : ""}`,
          ];
    }
    const { extents, reduce, terms, reads, writes } = step;
    return [
      `${step.label}: over [${extents.join(", ")}]${reduce.length > 0 ? ` reducing [${reduce.join(", ")}]` : ""} of ${reads.map(name).join(", ")}`,
      ...terms.map(({ combine, value }, slot) => `  acc${slot} = ${combine} ${printScalar(value)}`),
      ...writes.map(({ buffer, value }) => `  ${name(buffer)} = ${printScalar(value)}`),
    ];
  };
  const buffers = plan.buffers.map(
    ({ dtype, shape, place, label }, id) =>
      `%${id} ${dtype}[${shape.join(", ")}] ${place.kind === "arena" ? `at ${place.offset}` : `bound ${place.slot}`} (${label})`,
  );
  return [
    "",
    ...plan.steps.flatMap(stepText),
    ...buffers,
    `outputs ${plan.outputs.map(name).join(", ")}; arena ${plan.arenaBytes}`,
    "",
  ].join("\n");
}

/** A float32 tensor with data. */
export function data(...shape: Shape): Tensor {
  return fromHost(shape, "float32", hostArray("float32", sizeOf(shape)));
}

export function cell(label: string, ...shape: Shape): State {
  return new State({ shape, dtype: "float32" }, label);
}
