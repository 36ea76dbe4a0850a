import { type Backend, type LoopStep, type Plan, type ScanStep, type Step, wishesOf } from "@gradus/compile";
import {
  axisIndex,
  type IndexExpression,
  linearIndex,
  type Scalar,
  ScalarBuilder,
  type Shape,
  sizeOf,
  stridesOf,
  substituteAxes,
} from "@gradus/tensor";

/** What to break: one element of the result of every step that computes this op. */
export interface Sabotage {
  readonly op: string;
  /** The row-major position of the wrong element; the last one when left out. */
  readonly element?: number;
}

/**
 * A backend that computes one element of one op wrongly: what proves that a test suite would notice.
 *
 * Plans are rewritten before they are prepared, so it works around any backend.
 */
export function sabotage(backend: Backend, { op, element }: Sabotage): Backend {
  return {
    name: `${backend.name} with a wrong ${op}`,
    threads: backend.threads,
    ...wishesOf(backend),
    prepare: (plan) => backend.prepare(brokenPlan(plan, op, element)),
    prepareTimed: (plan, told) => backend.prepareTimed(brokenPlan(plan, op, element), told),
    allocate: (aval, label) => backend.allocate(aval, label),
    memory: () => backend.memory(),
    dispose: () => backend.dispose(),
  };
}

function brokenPlan(plan: Plan, op: string, element: number | undefined): Plan {
  const steps = plan.steps.flatMap((step): Step[] => {
    if (step.kind === "scan") return [{ ...step, body: brokenPlan(step.body, op, element) }];
    if (!step.label.split("+").includes(op)) return [step];
    return step.kind === "loop" ? [brokenLoop(step, element)] : [step, spoiling(plan, step, element)];
  });
  return { ...plan, steps, waves: steps.map((_, i) => i), sweeps: [] };
}

function brokenLoop(step: LoopStep, element: number | undefined): LoopStep {
  const s = new ScalarBuilder();
  return { ...step, writes: step.writes.map(({ buffer, value }) => ({ buffer, value: wrongAt(s, value, step.extents, element) })) };
}

/** A step that rewrites the result of a library call or a routine in place: not every kernel takes an epilogue. */
function spoiling({ buffers }: Plan, { write }: Exclude<Step, LoopStep | ScanStep>, element: number | undefined): LoopStep {
  const s = new ScalarBuilder();
  const { shape = [], dtype = "float32" } = buffers[write] ?? {};
  const extents = [sizeOf(shape)];
  const value = s.load(0, dtype, axisIndex(0, sizeOf(shape)));
  return {
    kind: "loop",
    label: "spoil",
    extents,
    reduce: [],
    terms: [],
    reads: [write],
    writes: [{ buffer: write, value: wrongAt(s, value, extents, element) }],
  };
}

/** `value`, except at one element. */
function wrongAt(s: ScalarBuilder, value: Scalar, extents: Shape, element: number | undefined): Scalar {
  const size = sizeOf(extents);
  const at = linearIndex(
    extents.map((extent, axis) => axisIndex(axis, extent)),
    stridesOf(extents),
  );
  const own = transplant(s, value);
  const wrong = wrongValue(s, own);
  return s.call("select", s.call("equal", s.index(at), s.constant("int32", Math.min(element ?? size - 1, size - 1))), wrong, own);
}

function wrongValue(s: ScalarBuilder, own: Scalar): Scalar {
  if (own.dtype === "bool") return s.call("not", own);
  if (own.dtype === "float16") return s.call("toFloat16", s.call("add", s.call("toFloat32", own), s.constant("float32", 1)));
  return s.call("add", own, s.constant(own.dtype, 1));
}

/** The same program in another builder, so that ids stay unique. A program is a graph: each node is moved once. */
function transplant(s: ScalarBuilder, scalar: Scalar, known = new Map<Scalar, Scalar>()): Scalar {
  let own = known.get(scalar);
  if (own === undefined) known.set(scalar, (own = moved(s, scalar, (inner) => transplant(s, inner, known))));
  return own;
}

function moved(s: ScalarBuilder, scalar: Scalar, move: (inner: Scalar) => Scalar): Scalar {
  const moveIndex = (index: IndexExpression): IndexExpression => substituteAxes(index, [], move);
  switch (scalar.kind) {
    case "constant":
      return s.constant(scalar.dtype, scalar.value);
    case "index":
      return s.index(moveIndex(scalar.of));
    case "load":
      return s.load(scalar.buffer, scalar.dtype, moveIndex(scalar.at));
    case "accumulator":
      return s.accumulator(scalar.slot, scalar.dtype);
    case "call":
      return s.call(scalar.leaf, ...scalar.args.map(move));
  }
  scalar satisfies never;
}
