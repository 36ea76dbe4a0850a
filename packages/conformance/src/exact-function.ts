import { buildPlan, type DeviceBuffer, type Program, readProgram } from "@gradus/compile";
import { type ExactExecutable, ReferenceBackend } from "@gradus/reference";
import { type HostTensor, numbersOf, pendingStates, type Tensor } from "@gradus/tensor";

/**
 * A recorded graph as a function in float64: planned once, run on the reference backend as often as needed.
 *
 * State cells are read at their present host value, in float64; the graph's own updates are not carried out.
 */
export class ExactFunction {
  readonly #program: Program;
  readonly #executable: ExactExecutable;
  readonly #bound: DeviceBuffer[] = [];
  readonly #defaults: readonly ArrayLike<number>[];
  readonly #inputs: readonly Tensor[];

  constructor(outputs: readonly Tensor[]) {
    const backend = new ReferenceBackend();
    this.#program = readProgram(
      outputs.map((output) => output.value()),
      [],
    );
    this.#executable = backend.prepare(buildPlan(this.#program));
    for (const { source } of this.#program.leaves) {
      if (source.kind !== "state") continue;
      const cell = backend.allocate(source.state, source.state.label);
      const value = source.state.hostValue();
      if (value !== null) cell.write(value);
      this.#bound.push(cell);
    }
    this.#inputs = this.#program.leaves.filter(({ source }) => source.kind !== "state");
    this.#defaults = this.#inputs.map(({ host, dtype }) => (host === null ? [] : numbersOf(dtype, host)));
  }

  /** Values of the outputs, with the leaves in `values` replaced. */
  run(values: ReadonlyMap<Tensor, ArrayLike<number>> = new Map()): readonly Float64Array[] {
    const inputs = this.#inputs.map((leaf, i) => values.get(leaf) ?? this.#defaults[i] ?? []);
    const outputs = this.#executable.runExact(inputs, this.#bound);
    return this.#program.outputs.map((_, i) => outputs[i] ?? new Float64Array(0));
  }
}

/** Records a function's graph and drops the state updates it recorded on the way. */
export function record<R>(f: () => R): R {
  const before = new Set(pendingStates);
  try {
    return f();
  } finally {
    for (const state of pendingStates) if (!before.has(state)) state.discard();
  }
}

/** The float64 values of a host tensor. */
export function float64({ dtype, data }: HostTensor): Float64Array {
  return Float64Array.from(numbersOf(dtype, data));
}
