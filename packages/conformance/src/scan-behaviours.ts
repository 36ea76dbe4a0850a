import { compile, type Engine } from "@gradus/compile";
import {
  add,
  checkpoint,
  fromHost,
  gradients,
  type HostTensor,
  less,
  matmul,
  mean,
  mul,
  NumericError,
  scan,
  type Shape,
  sigmoid,
  sizeOf,
  sum,
  tanh,
  type Tensor,
  tensor,
  where,
  zeros,
} from "@gradus/tensor";
import type { Behaviour } from "./behaviours.ts";
import { expectCode, failure, same } from "./expectations.ts";
import { uniform } from "./random.ts";
import { specEvaluate } from "./spec-evaluate.ts";
import { disagreement } from "./tolerance.ts";

/** What recurrences must give, step by step: with rows that a device can bind where they lie, and with others. */
export const scanBehaviours: readonly Behaviour[] = [
  ...[16, 5].map((width): Behaviour => ({
    name: `a recurrence of rows of ${4 * width} numbers, both ways, with its gradients`,
    async check(engine) {
      const given = [drawn([6, 4, width], 1), drawn([width, width], 2), drawn([4, width], 3)];
      for (const reverse of [false, true]) {
        await agree(engine, given, (x, weight, start) => {
          const { state, ys } = scan(
            ({ hidden, gate }: Cell, x) => {
              const next = tanh(add(matmul(hidden, weight), x));
              const open = sigmoid(add(next, gate));
              return [{ hidden: add(mul(open, next), mul(hidden, 0.5)), gate: open }, mul(next, open)];
            },
            { hidden: start, gate: zeros([4, width]) },
            x,
            { reverse },
          );
          const loss = add(mean(mul(ys, ys)), sum(mul(state.hidden, state.gate)));
          return [ys, state.hidden, ...gradients(loss, [x, weight, start])];
        });
      }
    },
  })),
  {
    name: "a recurrence is one step of its plan, however long it is",
    async check() {
      const lengths = [4, 40];
      const steps = await Promise.all(
        lengths.map(async (length) => {
          const sums = compile((x: Tensor) => {
            const { ys } = scan(runningSum, zeros([64]), x);
            return { ys, gradients: gradients(sum(mul(ys, ys)), [x]) };
          });
          await sums(drawn([length, 64], 1)).ys.data();
          return sums.plans[0]?.steps.length;
        }),
      );
      same("steps of a plan ten times as long", steps[1], steps[0]);
    },
  },
  {
    name: "steps know their number, carry whole numbers, and hand on what they are given",
    async check(engine) {
      for (const reverse of [false, true]) {
        await agree(engine, [drawn([5, 64], 4), drawn([64], 5)], (x, around) => {
          const start = { count: tensor(Int32Array.of(3), { shape: [] }), last: zeros([64]), kept: around };
          const { state, ys } = scan(
            ({ count, last, kept }, row, index) => {
              const next = where(less(index, 2), row, mul(last, 2));
              return [
                { count: add(count, mul(index, index)), last: next, kept },
                { index, row, last, around, next },
              ] as const;
            },
            start,
            x,
            { reverse },
          );
          return [state.count, state.last, state.kept, ...Object.values(ys), ...gradients(sum(mul(ys.next, ys.row)), [x, around])];
        });
      }
    },
  },
  {
    name: "recurrences inside recurrences, recomputed ones, and gradients of gradients",
    async check(engine) {
      await agree(engine, [drawn([3, 4, 64], 6), drawn([64], 7)], (x, weight) => {
        const inner = (start: Tensor, rows: Tensor): Tensor =>
          scan((total: Tensor, row: Tensor) => [tanh(add(mul(total, weight), row)), total], start, rows).state;
        const outer = (rows: Tensor): Tensor =>
          scan((total: Tensor, matrix: Tensor) => [inner(total, matrix), mul(total, total)], zeros([64]), rows).state;
        const loss = sum(mul(checkpoint(outer)(x), weight));
        const [toX = x, toWeight = weight] = gradients(loss, [x, weight]);
        return [loss, toX, toWeight, ...gradients(add(sum(mul(toX, toX)), sum(toWeight)), [weight])];
      });
    },
  },
  {
    name: "a step may not assign a cell its own value, nor read one",
    async check(_, cell) {
      const held = cell([2], [1, 2], "held");
      const assigning = (): unknown =>
        scan(
          (total: Tensor, row: Tensor) => {
            held.assign(add(total, row));
            return [total, row];
          },
          zeros([2]),
          zeros([3, 2]),
        );
      expectCode(await failure(assigning), "argument/scan-assign");
      same("the cell's update", held.pending, null);
      let read: Promise<unknown> = Promise.resolve();
      scan(
        (total: Tensor, row: Tensor) => {
          read = add(total, row).data();
          return [total, row];
        },
        zeros([64]),
        zeros([3, 64]),
      );
      await failure(async () => read);
    },
  },
];

interface Cell {
  readonly hidden: Tensor;
  readonly gate: Tensor;
}

function runningSum(total: Tensor, row: Tensor): readonly [Tensor, Tensor] {
  const next = add(total, row);
  return [next, next];
}

/** That a function gives compiled what the specs' references give for its graph. */
async function agree(engine: Engine, given: readonly HostTensor[], f: (...inputs: readonly Tensor[]) => readonly Tensor[]): Promise<void> {
  const wanted = specEvaluate(f(...given.map(({ shape, dtype, data }) => fromHost(shape, dtype, data))));
  const run = compile((inputs: readonly Tensor[]) => f(...inputs));
  for (let time = 0; time < 2; time++) {
    const got = await Promise.all(run(given).map(async (tensor) => tensor.data()));
    for (const [i, values] of got.entries()) {
      const problem = disagreement(values, wanted[i] ?? [], { relative: 1e-5, absolute: 1e-6 });
      if (problem !== null) throw new NumericError("behaviour/scan", `result ${i} on ${engine.name}: ${problem}`);
    }
  }
}

function drawn(shape: Shape, seed: number): HostTensor {
  const random = uniform(seed);
  return { shape, dtype: "float32", data: Float32Array.from({ length: sizeOf(shape) }, () => random() - 0.5) };
}
