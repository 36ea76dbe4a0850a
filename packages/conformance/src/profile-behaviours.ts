import { compile } from "@gradus/compile";
import { profile, type ProfileReport } from "@gradus/compile/profile";
import { add, fromHost, matmul, mul, sum, tanh, type Tensor } from "@gradus/tensor";
import type { Behaviour } from "./behaviours.ts";
import { equal, expectCode, failure, host, same } from "./expectations.ts";

const x = host([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);

/** What a profile does to an engine: nothing that lasts. */
export const profileBehaviours: readonly Behaviour[] = [
  {
    name: "a profile tells of every step of every run, changes no result, and leaves what it found",
    async check(engine, cell) {
      const w = cell([2, 3], [0, 0, 0, 0, 0, 0]);
      const step = compile((input: Tensor) => {
        w.assign(add(w, 1));
        return sum(tanh(matmul(input, mul(w, 0.01))));
      });
      const first = await step(x).item();
      const [executables, bytes] = [engine.executables, engine.backend.memory().bytes];
      w.set(new Float32Array(6));
      const seen: number[] = [];
      const report = await profile(async () => {
        seen.push(await step(x).item());
        for (let i = 0; i < 2; i++) await step(x).data();
      });
      await equal(w, [3, 3, 3, 3, 3, 3]);
      same("the first result", seen[0], first);
      const [plan] = step.plans;
      const planned = plan?.steps.map(({ label }, number) => `${plan.name} ${number} ${label} 3`).sort();
      same("the steps told", callsOf(report).join(), planned?.join());
      checkTimes(report);
      same("executables held", engine.executables, executables);
      same("bytes held", engine.backend.memory().bytes, bytes);
    },
  },
  {
    name: "a profile waits for runs that its function did not wait for, and leaves out its warm-ups",
    async check() {
      const step = compile((input: Tensor) => tanh(matmul(input, input, { transposeB: true })));
      const results: Tensor[] = [];
      const report = await profile(() => void results.push(step(x)), { warmups: 2 });
      same("results", results.length, 3);
      const [plan] = step.plans;
      same("the steps told", callsOf(report).join(), plan?.steps.map(({ label }, number) => `${plan.name} ${number} ${label} 1`).join());
      for (const result of results) await result.data();
    },
  },
  {
    name: "a program that first runs in a profile leaves nothing, however often",
    async check(engine) {
      await profile(() => mul(one(2), 3).data());
      const bytes = engine.backend.memory().bytes;
      for (let i = 0; i < 20; i++) await profile(() => mul(one(2), 3 + i).data());
      same("bytes held", engine.backend.memory().bytes, bytes);
      same("executables held", engine.executables, 0);
    },
  },
  {
    name: "a profile in a profile is refused, and one that fails leaves the runtime as it was",
    async check(engine) {
      expectCode(await failure(() => profile(() => profile(() => undefined))), "compile/profiled");
      const wrong = new RangeError("the function failed");
      const thrown = await failure(() =>
        profile(async () => {
          await mul(one(2), 3).data();
          throw wrong;
        }),
      );
      same("what was thrown", thrown, wrong);
      same("executables held", engine.executables, 0);
      const report = await profile(() => mul(one(2), 3).data());
      same("the steps told", report.steps.length, 1);
    },
  },
  {
    name: "a profile of nothing has nothing in it",
    async check() {
      const report = await profile(() => undefined);
      same("steps", report.steps.length, 0);
      same("the clock", report.clock, null);
    },
  },
];

/** What ran and how often, in the order of the plan. */
function callsOf({ steps }: ProfileReport): string[] {
  return steps.toSorted((a, b) => a.step - b.step).map(({ plan, step, label, calls }) => `${plan} ${step} ${label} ${calls}`);
}

/** Times are measured, so that only this much is known of them. */
function checkTimes({ steps, kernels, milliseconds, host: outside, clock }: ProfileReport): void {
  const times = [
    milliseconds,
    kernels.milliseconds,
    outside.planning,
    outside.preparing,
    outside.launching,
    outside.waiting,
    outside.other,
    ...steps.flatMap(({ kernels: each }) => each.map((kernel) => kernel.milliseconds)),
  ];
  same("times that are not finite or below 0", times.filter((time) => !(Number.isFinite(time) && time >= 0)).length, 0);
  same("a clock is named", clock === null, false);
}

function one(value: number): Tensor {
  return fromHost([1], "float32", Float32Array.of(value));
}
