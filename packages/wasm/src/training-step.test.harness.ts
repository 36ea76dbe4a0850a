import { compile, type Engine } from "@gradus/compile";
import { add, fromHost, gradients, matmul, mean, mul, relu, State, sub, sum, tanh, type Tensor, useRuntime } from "@gradus/tensor";

/** Numbers in -1 .. 1 that repeat for a seed. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

/** The loss after 25 steps, on any host, to six digits: fused operations round differently. */
export const lossAfter25 = 3.976078;

/** A two-layer network, a step of momentum descent on it, and its weights. */
export class TrainingStep {
  readonly states: readonly State[];
  readonly step: (batch: readonly [Tensor, Tensor]) => Tensor;
  readonly #widths: readonly [number, number, number];
  readonly #rows: number;

  constructor(rows = 12, widths: readonly [number, number, number] = [9, 33, 5]) {
    const [from, hidden, to] = widths;
    this.#widths = widths;
    this.#rows = rows;
    const cell = (shape: readonly number[], label: string, seed: number): State =>
      new State({ shape, dtype: "float32" }, label, () =>
        noise(
          shape.reduce((a, b) => a * b, 1),
          seed,
        ),
      );
    const weights = [cell([from, hidden], "w1", 1), cell([hidden], "b1", 2), cell([hidden, to], "w2", 3), cell([to], "b2", 4)];
    const momenta = weights.map(({ shape, label }) => new State({ shape, dtype: "float32" }, `${label}.momentum`));
    this.states = [...weights, ...momenta];
    this.step = compile((batch: readonly [Tensor, Tensor]) => {
      const [x, y] = batch;
      const [w1, b1, w2, b2] = weights.map((weight) => weight.value());
      if (w1 === undefined || b1 === undefined || w2 === undefined || b2 === undefined) throw new RangeError("four weights");
      const out = tanh(add(matmul(relu(add(matmul(x, w1), b1)), w2), b2));
      const error = sub(out, y);
      const loss = mean(sum(mul(error, error), { axis: 1 }));
      gradients(loss, [w1, b1, w2, b2]).forEach((grad, i) => {
        const [weight, momentum] = [weights[i], momenta[i]];
        if (weight === undefined || momentum === undefined) return;
        const next = add(mul(momentum, 0.9), grad);
        momentum.assign(next);
        weight.assign(sub(weight, mul(next, 0.05)));
      });
      return loss;
    }) as (batch: readonly [Tensor, Tensor]) => Tensor;
  }

  batch(seed: number): readonly [Tensor, Tensor] {
    const [from, , to] = this.#widths;
    return [
      fromHost([this.#rows, from], "float32", noise(this.#rows * from, seed)),
      fromHost([this.#rows, to], "float32", noise(this.#rows * to, seed + 1)),
    ];
  }

  /** Losses of `steps` steps, then every weight. */
  async train(engine: Engine, steps: number): Promise<number[][]> {
    const before = useRuntime(engine);
    try {
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) losses.push(await this.step(this.batch(10 + 2 * (i % 7))).item());
      const weights = await Promise.all(this.states.map(async (state) => [...(await state.data())]));
      return [losses, ...weights];
    } finally {
      useRuntime(before);
    }
  }

  free(): void {
    for (const state of this.states) state.free();
  }
}
