import { compile, type Engine } from "@gradus/compile";
import {
  fromHost,
  hostArray,
  type HostTensor,
  NumericError,
  pendingStates,
  type Shape,
  sizeOf,
  State,
  type Tensor,
  useRuntime,
} from "@gradus/tensor";
import { cook, type Recipe } from "./random-graph.ts";
import { uniform } from "./random.ts";
import { specEvaluate } from "./spec-evaluate.ts";
import { disagreement, exact, type Tolerance } from "./tolerance.ts";

export interface CheckGraphOptions {
  /** Steps run one after the other, each on new inputs and the states the one before left; 3 when left out. */
  readonly steps?: number;
  /** How far values may be from float64; 1e-4 of the maximum when left out, for rounding adds up along forty nodes. */
  readonly tolerance?: Tolerance;
}

const inputShapes: readonly Shape[] = [
  [2, 3],
  [3, 4],
  [1, 4],
  [2, 1, 6],
];
const stateShapes: readonly Shape[] = [[2, 3], [2, 3], [12], [4]];

/**
 * Runs a recipe three ways, step after step: op by op with the specs' references, uncompiled, and compiled.
 * The last two must be identical to the bit, and within the tolerance of the first; and so must the states they leave.
 *
 * @throws NumericError naming the step, the way and the value.
 */
export async function checkGraph(
  engine: Engine,
  recipe: Recipe,
  { steps = 3, tolerance = { relative: 1e-4, absolute: 1e-6 } }: CheckGraphOptions = {},
): Promise<void> {
  const before = useRuntime(engine);
  const plain = makeStates("plain");
  const compiled = makeStates("compiled");
  const cells = new Map<State, Float64Array>(plain.map((state) => [state, Float64Array.from(state.hostValue() ?? [])]));
  try {
    const step = compile((inputs: readonly Tensor[]) => cook(recipe, inputs, compiled));
    for (let index = 0; index < steps; index++) {
      const drawn = inputShapes.map((shape, i) => draw(shape, 100 * index + i));
      const outputs = cook(
        recipe,
        drawn.map(({ shape, dtype, data }) => fromHost(shape, dtype, data)),
        plain,
      );
      const updates = [...pendingStates].flatMap((state) => (state.pending === null ? [] : [{ state, value: state.pending }]));
      const wanted = specEvaluate([...outputs, ...updates.map(({ value }) => value)], cells);
      updates.forEach(({ state }, i) => cells.set(state, wanted[outputs.length + i] ?? new Float64Array(0)));
      await engine.evaluate(outputs);
      const got = await Promise.all(outputs.map((output) => output.data()));
      const replayed = await Promise.all(step(drawn).map((output) => output.data()));
      got.forEach((values, i) => {
        report(index, `output ${i}`, "uncompiled against the specs", disagreement(values, wanted[i] ?? [], tolerance));
        report(index, `output ${i}`, "compiled against uncompiled", disagreement(replayed[i] ?? [], values, exact));
      });
      for (const [i, state] of plain.entries()) {
        const values = await state.data();
        report(index, state.label, "uncompiled against the specs", disagreement(values, cells.get(state) ?? [], tolerance));
        report(index, state.label, "compiled against uncompiled", disagreement((await compiled[i]?.data()) ?? [], values, exact));
      }
    }
  } finally {
    for (const state of [...plain, ...compiled]) {
      state.discard();
      state.free();
    }
    useRuntime(before);
  }
}

function report(step: number, what: string, way: string, reason: string | null): void {
  if (reason === null) return;
  throw new NumericError("numeric/graph", `${what} differs in step ${step}, ${way}: ${reason}`, { subject: "checkGraph" });
}

function makeStates(name: string): State[] {
  return stateShapes.map((shape, i) => new State({ shape, dtype: "float32" }, `${name} ${i}`, () => draw(shape, 1000 + i).data));
}

function draw(shape: Shape, seed: number): HostTensor {
  const data = hostArray("float32", sizeOf(shape));
  const random = uniform(seed);
  for (let i = 0; i < data.length; i++) data[i] = 2 * random() - 1;
  return { shape, dtype: "float32", data };
}
