import { compile, type Engine } from "@gradus/compile";
import {
  add,
  fromHost,
  matmul,
  mul,
  neg,
  NumericError,
  reshape,
  select,
  type Shape,
  sizeOf,
  stack,
  State,
  sub,
  sum,
  type Tensor,
} from "@gradus/tensor";
import { equal, expectCode, failure, host, same } from "./expectations.ts";
import { halfBehaviours } from "./half-behaviours.ts";
import { linearAlgebraBehaviours } from "./linear-algebra-behaviours.ts";
import { scanBehaviours } from "./scan-behaviours.ts";
import { profileBehaviours } from "./profile-behaviours.ts";

/** Something every engine must do, apart from computing its ops: how state, replay and laziness behave. */
export interface Behaviour {
  readonly name: string;
  /** Runs with `engine` installed. Throws an error that says what is not as it should be. */
  check(engine: Engine, cell: MakeCell): Promise<void>;
}

/** Makes a state cell that is freed after the check. */
export type MakeCell = (shape: Shape, values: readonly number[], label?: string) => State;

/** How state, replay and laziness behave, halves and factorisations, as calls that throw. `testBackend` runs them all. */
export const behaviours: readonly Behaviour[] = [
  ...halfBehaviours,
  ...linearAlgebraBehaviours,
  ...scanBehaviours,
  {
    name: "an assigned cell has its new value after the step, and its old one in what was recorded before",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const before = mul(w, 10);
      w.assign(add(w, 1));
      const after = mul(w, 10);
      await engine.evaluate([before, after]);
      await equal(before, [10, 20]);
      await equal(after, [20, 30]);
      await equal(w, [2, 3]);
    },
  },
  {
    name: "many steps of a recurrence are joined, read one by one and as a whole, and joined again one step later",
    async check(engine, cell) {
      const [steps, width] = [12, 64];
      const given = Float32Array.from({ length: steps * width }, (_, i) => ((i * 7) % 11) - 5);
      const x = fromHost([steps, width], "float32", given);
      const start = cell(
        [width],
        Array.from({ length: width }, (_, i) => i),
      );
      const states = [start.value()];
      for (let t = 0; t < steps; t++) states.push(add(mul(states.at(-1) ?? start, 0.5), select(x, 0, t)));
      const after = states.slice(1);
      const [ys, before] = [stack(after), stack(states.slice(0, -1))];
      const beside = mul(ys, after[5] ?? ys);
      const products = matmul(ys, before, { transposeB: true });
      start.assign(after.at(-1) ?? start);
      await engine.evaluate([ys, before, beside, products, after[3] ?? ys]);

      const rows = [Array.from({ length: width }, (_, i) => i)];
      for (let t = 0; t < steps; t++) rows.push((rows[t] ?? []).map((value, i) => value / 2 + (given[t * width + i] ?? 0)));
      const [next, last] = [rows.slice(1), rows.slice(0, -1)];
      await equal(ys, next.flat());
      await equal(before, last.flat());
      await equal(
        beside,
        next.flatMap((row) => row.map((value, i) => value * (next[5]?.[i] ?? 0))),
      );
      await equal(
        products,
        next.flatMap((a) => last.map((b) => a.reduce((total, value, i) => total + value * (b[i] ?? 0), 0))),
      );
      await equal(after[3] ?? ys, next[3] ?? []);
      await equal(start, next.at(-1) ?? []);
    },
  },
  {
    name: "two cells can swap their values in one step",
    async check(engine, cell) {
      const a = cell([2], [1, 2]);
      const b = cell([2], [3, 4]);
      const [was, is] = [a.value(), b.value()];
      a.assign(is);
      b.assign(was);
      await engine.evaluate([]);
      await equal(a, [3, 4]);
      await equal(b, [1, 2]);
    },
  },
  {
    name: "three cells can take turns while the old values are read",
    async check(engine, cell) {
      const cells = [cell([2], [1, 2]), cell([2], [3, 4]), cell([2], [5, 6])] as const;
      const [a, b, c] = [cells[0].value(), cells[1].value(), cells[2].value()];
      const total = add(add(a, b), c);
      cells[0].assign(b);
      cells[1].assign(c);
      cells[2].assign(a);
      await engine.evaluate([total, a]);
      await equal(total, [9, 12]);
      await equal(a, [1, 2]);
      await equal(cells[0], [3, 4]);
      await equal(cells[1], [5, 6]);
      await equal(cells[2], [1, 2]);
    },
  },
  {
    name: "one value can go into two cells",
    async check(engine, cell) {
      const a = cell([2], [1, 2]);
      const b = cell([2], [3, 4]);
      const next = add(a, b);
      a.assign(next);
      b.assign(next);
      await engine.evaluate([]);
      await equal(a, [4, 6]);
      await equal(b, [4, 6]);
    },
  },
  {
    name: "a view of a cell that is updated in the same step shows the old value",
    async check(engine, cell) {
      const w = cell([2, 2], [1, 2, 3, 4]);
      const view = reshape(w, [4]);
      const old = w.value();
      w.assign(neg(w));
      await engine.evaluate([view, old]);
      await equal(view, [1, 2, 3, 4]);
      await equal(old, [1, 2, 3, 4]);
      await equal(w, [-1, -2, -3, -4]);
    },
  },
  {
    name: "a cell can be assigned data, its own value, or a view of another cell",
    async check(engine, cell) {
      const a = cell([2, 2], [1, 2, 3, 4]);
      const b = cell([4], [5, 6, 7, 8]);
      const c = cell([2], [9, 10]);
      a.assign(reshape(b, [2, 2]));
      b.assign(fromHost([4], "float32", Float32Array.of(0, 1, 0, 1)));
      c.assign(c.value());
      await engine.evaluate([]);
      await equal(a, [5, 6, 7, 8]);
      await equal(b, [0, 1, 0, 1]);
      await equal(c, [9, 10]);
    },
  },
  {
    name: "an update that reads other elements than it writes is right",
    async check(engine, cell) {
      const w = cell([2, 2], [1, 2, 3, 4]);
      w.assign(matmul(w, w));
      await engine.evaluate([]);
      await equal(w, [7, 10, 15, 22]);
      w.assign(matmul(w, fromHost([2, 2], "float32", Float32Array.of(0, 1, 1, 0)), { transposeA: true }));
      await engine.evaluate([]);
      await equal(w, [15, 7, 22, 10]);
    },
  },
  {
    name: "updates chain when nothing is read in between",
    async check(engine, cell) {
      const w = cell([1], [1]);
      for (let i = 0; i < 5; i++) w.assign(mul(w, 2));
      await equal(w, [32]);
      await engine.evaluate([]);
      await equal(w, [32]);
    },
  },
  {
    name: "an update is carried out once, however many values are asked for at the same time",
    async check(_, cell) {
      const w = cell([1], [1]);
      w.assign(add(w, 1));
      const [a, b] = [mul(w, 10), mul(w, 100)];
      await Promise.all([a.data(), b.data(), w.data(), a.data()]);
      await equal(a, [20]);
      await equal(b, [200]);
      await equal(w, [2]);
    },
  },
  {
    name: "a value recorded before an update that has happened is a StaleError, never a wrong number",
    async check(engine, cell) {
      const w = cell([1], [1], "layer.weight");
      const early = mul(w, 2);
      w.assign(add(w, 1));
      await engine.evaluate([]);
      const error = await failure(() => early.data());
      expectCode(error, "state/stale");
      if (!error.message.includes("layer.weight"))
        throw new NumericError("behaviour/message", `the error does not name the cell: ${error.message}`);
    },
  },
  {
    name: "set() replaces the value at once, drops an update and needs no new memory",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      await equal(mul(w, 1), [1, 2]);
      const { bytes } = engine.backend.memory();
      w.assign(add(w, 1));
      w.set(Float32Array.of(7, 8));
      await equal(w, [7, 8]);
      await equal(mul(w, 1), [7, 8]);
      same("bytes held", engine.backend.memory().bytes, bytes);
    },
  },
  {
    name: "a cell as an output, a constant and an empty tensor are values like any other",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const constant = fromHost([2], "float32", Float32Array.of(3, 4));
      const empty = mul(fromHost([0, 3], "float32", new Float32Array(0)), 2);
      const all = sum(empty);
      await engine.evaluate([mul(w, 1), empty, all]);
      await equal(w, [1, 2]);
      await equal(constant, [3, 4]);
      await equal(empty, []);
      await equal(all, [0]);
    },
  },
  {
    name: "kept tensors stay on the device until freed",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      await equal(add(w, 1), [2, 3]);
      engine.clear();
      const { bytes } = engine.backend.memory();
      const [kept, state] = await engine.keep([mul(fromHost([2], "float32", Float32Array.of(1, 2)), 3), w]);
      if (kept === undefined || state === undefined) throw new NumericError("behaviour/kept", "keep() returned no tensor");
      await equal(add(kept, state), [4, 8]);
      for (const each of [kept, state]) each.free();
      engine.clear();
      same("bytes held", engine.backend.memory().bytes, bytes);
    },
  },
  {
    name: "a compiled function is planned once and replayed, numbers and batches being inputs",
    async check(engine, cell) {
      const w = cell([2], [0, 0]);
      let recorded = 0;
      const step = compile(({ x }: { readonly x: Tensor }, rate: Tensor) => {
        recorded++;
        w.assign(add(w, mul(x, rate)));
        return { total: sum(w), parts: [w.value(), x] as const };
      });
      for (let i = 1; i <= 3; i++) {
        const { total, parts } = step({ x: host([2], [i, 1]) }, i / 2);
        await equal(parts[1], [i, 1]);
        await equal(total, [[1, 4, 10][i - 1] ?? Number.NaN]);
      }
      await equal(w, [7, 3]);
      same("times recorded", recorded, 1);
      same("plans", step.plans.length, 1);
      const made = engine.executables;
      await step({ x: host([2], [1, 1]) }, 1).total.data();
      same("programs after one more step", engine.executables, made);
      await step({ x: host([1], [1]) }, 1).total.data();
      same("plans after another shape", step.plans.length, 2);
    },
  },
  {
    name: "uncompiled steps of one structure share one program",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const once = async (): Promise<void> => {
        w.assign(mul(w, 0.5));
        await mul(w, fromHost([2], "float32", Float32Array.of(1, 1))).data();
      };
      await once();
      const made = engine.executables;
      await once();
      await once();
      same("programs", engine.executables, made);
      await equal(w, [0.125, 0.25]);
    },
  },
  {
    name: "a compiled function tells its arguments apart: structure, static values and objects",
    async check(_, cell) {
      const other = new (class {
        readonly scale = 3;
      })();
      const scaled = compile((options: { readonly scale: number } | null, x: Tensor, mode: string) =>
        mul(x, (options?.scale ?? 1) + (mode === "double" ? 1 : 0)),
      );
      class Scale {
        readonly scale = 2;
      }
      await equal(scaled(new Scale(), host([1], [1]), "plain"), [2]);
      await equal(scaled(other, host([1], [1]), "plain"), [3]);
      await equal(scaled(null, host([1], [1]), "plain"), [1]);
      await equal(scaled(null, host([1], [1]), "double"), [2]);

      const nested = compile((tree: { readonly a: { readonly b?: Tensor; readonly c?: Tensor }; readonly c?: Tensor }) =>
        sub(tree.a.b ?? 0, tree.c ?? mul(tree.a.c ?? 0, 10)),
      );
      await equal(nested({ a: { b: host([1], [5]) }, c: host([1], [3]) }), [2]);
      await equal(nested({ a: { b: host([1], [5]), c: host([1], [3]) } }), [-25]);

      const w = cell([1], [4]);
      const v = cell([1], [5]);
      const read = compile((state: Tensor) => mul(state, 2));
      await equal(read(w), [8]);
      await equal(read(v), [10]);
      w.assign(add(w, 1));
      await equal(read(w), [10]);
    },
  },
  {
    name: "a compiled function carries out what was recorded before it, and may hand its results on",
    async check(_, cell) {
      const w = cell([1], [1]);
      const read = compile((x: Tensor) => add(w, x));
      w.assign(add(w, 10));
      const first = read(host([1], [100]));
      await equal(first, [111]);
      await equal(read(first), [122]);
      await equal(w, [11]);
    },
  },
  {
    name: "steps that nobody waits for follow each other, and what is read after them is what they left",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const double = compile(() => {
        w.assign(mul(w, 2));
        return sum(w);
      });
      const losses = [double(), double(), double()];
      await equal(w, [8, 16]);
      for (const [i, loss] of losses.entries()) await equal(loss, [3 * 2 ** (i + 1)]);
      const silent = compile(() => w.assign(add(w, 1)));
      void silent();
      await silent();
      await equal(w, [10, 18]);
      // Recorded while the step before it is under way.
      void silent();
      w.assign(mul(w, 10));
      void double();
      await equal(w, [220, 380]);
    },
  },
  {
    name: "a value that is being computed can be read by what is recorded meanwhile, from the same state",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const before = mul(w, 10);
      w.assign(add(w, 1));
      const first = before.data();
      const after = add(before, w);
      await equal(after, [12, 23]);
      await first;
      await equal(before, [10, 20]);
    },
  },
  {
    name: "a compiled function goes on when its programs were given back in between",
    async check(engine, cell) {
      const w = cell([2], [1, 2]);
      const step = compile((by: Tensor) => {
        w.assign(mul(w, by));
        return sum(w);
      });
      await equal(step(2), [6]);
      engine.clear();
      await equal(step(3), [18]);
      await equal(w, [6, 12]);
    },
  },
  {
    name: "a compiled function refuses to read a value inside, and arguments that are not computed",
    async check(_, cell) {
      const w = cell([1], [1]);
      const reads = compile(async (x: Tensor) => {
        w.assign(x);
        await mul(x, 2).data();
      });
      expectCode(await failure(async () => reads(host([1], [1]))), "compile/read-inside");
      const identity = compile((x: Tensor) => mul(x, 1));
      expectCode(await failure(async () => identity(mul(w, 2))), "compile/lazy-argument");
      const broken = compile((x: Tensor) => {
        w.assign(x);
        throw new RangeError("mine");
      });
      await failure(async () => broken(host([1], [5])));
      same("update left behind", w.pending, null);
      await equal(w, [1]);
    },
  },
  {
    name: "a thousand steps hold no more bytes than the first",
    async check(engine, cell) {
      const w = cell([8], [1, 2, 3, 4, 5, 6, 7, 8]);
      const step = compile((x: Tensor) => {
        w.assign(sub(w, mul(x, 0.001)));
        return sum(mul(w, x));
      });
      await step(host([8], [1, 1, 1, 1, 1, 1, 1, 1])).data();
      const { bytes } = engine.backend.memory();
      for (let i = 0; i < 1000; i++) await step(host([8], [1, 1, 1, 1, 1, 1, 1, i])).data();
      same("bytes held", engine.backend.memory().bytes, bytes);
    },
  },
  {
    name: "a compiled step goes on after its executable was given back",
    async check(engine, cell) {
      const w = cell([2], [0, 0]);
      const step = compile((x: Tensor) => {
        w.assign(add(w, x));
        return sum(w);
      });
      await equal(step(host([2], [1, 2])), [3]);
      engine.clear();
      await equal(step(host([2], [1, 2])), [6]);
      await equal(w, [2, 4]);
    },
  },
  ...profileBehaviours,
];

/** Makes cells for a check, and a function that frees them. */
export function cellMaker(): { readonly cell: MakeCell; readonly free: () => void } {
  const made: State[] = [];
  return {
    cell: (shape, values, label = `cell ${made.length}`) => {
      if (sizeOf(shape) !== values.length) throw new RangeError("a cell's values do not fill its shape");
      const state = new State({ shape, dtype: "float32" }, label, () => Float32Array.from(values));
      made.push(state);
      return state;
    },
    free: () => {
      for (const state of made) {
        state.discard();
        state.free();
      }
    },
  };
}
