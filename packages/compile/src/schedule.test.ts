import fc from "fast-check";
import { expect, test } from "vitest";
import { schedule, type Task, wavesOf } from "./schedule.ts";

const numRuns = Math.max(100, Math.floor(Number(process.env["GRADUS_FUZZ_CASES"] ?? 20_000) / 100));

/** Task i makes value i from values of earlier tasks, and may have to come after earlier ones. */
const graphs = fc
  .array(fc.tuple(fc.array(fc.nat(), { maxLength: 3 }), fc.array(fc.nat(), { maxLength: 1 })), { minLength: 1, maxLength: 25 })
  .map((rows) =>
    rows.map(([takes, after], i): Task => ({
      makes: [i],
      takes: i === 0 ? [] : takes.map((n) => n % i),
      after: i === 0 ? [] : after.map((n) => n % i),
    })),
  );

test("every task runs once, after what it reads and what it waits for", () => {
  fc.assert(
    fc.property(graphs, fc.array(fc.nat({ max: 100 }), { minLength: 25, maxLength: 25 }), (tasks, bytes) => {
      const order = schedule(tasks, bytes, new Set()) ?? [];
      expect(order.toSorted((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
      const position = new Map(order.map((task, i) => [task, i]));
      tasks.forEach(({ takes, after }, i) => {
        for (const before of [...takes, ...after]) expect(position.get(before) ?? Infinity).toBeLessThan(position.get(i) ?? -1);
      });
    }),
    { numRuns, seed: 1 },
  );
});

test("of the tasks that are ready, the one that frees the most goes first", () => {
  const tasks: Task[] = [
    { makes: [0], takes: [], after: [] },
    { makes: [1], takes: [], after: [] },
    { makes: [2], takes: [0], after: [] },
    { makes: [3], takes: [1, 2], after: [] },
  ];
  expect(schedule(tasks, [1000, 900, 1, 1], new Set())).toEqual([1, 0, 2, 3]);
  expect(schedule(tasks, [100, 900, 1, 1], new Set())).toEqual([0, 2, 1, 3]);
});

test("a task's wave comes after the waves of what it waits for, and there are as many waves as the longest chain has tasks", () => {
  fc.assert(
    fc.property(graphs, (tasks) => {
      const waves = wavesOf(tasks, schedule(tasks, [], new Set()) ?? []);
      const depth = tasks.map(() => 1);
      tasks.forEach(({ takes, after }, i) => {
        for (const before of [...takes, ...after]) {
          expect(waves[before] ?? Infinity).toBeLessThan(waves[i] ?? -1);
          depth[i] = Math.max(depth[i] ?? 1, 1 + (depth[before] ?? 1));
        }
      });
      expect(Math.max(...waves)).toBe(Math.max(...depth) - 1);
    }),
    { numRuns, seed: 1 },
  );
});

test("what something waits for runs late, and what nothing waits for early", () => {
  const tasks: Task[] = [
    { makes: [0], takes: [], after: [] },
    { makes: [1], takes: [0], after: [] },
    { makes: [2], takes: [], after: [] },
    { makes: [3], takes: [1, 2], after: [] },
    { makes: [4], takes: [], after: [] },
  ];
  expect(wavesOf(tasks, [0, 1, 2, 3, 4])).toEqual([0, 1, 1, 2, 0]);
});

test("tasks that wait for each other have no order", () => {
  expect(
    schedule(
      [
        { makes: [0], takes: [], after: [1] },
        { makes: [1], takes: [], after: [0] },
      ],
      [1, 1],
      new Set(),
    ),
  ).toBe(null);
});
