import { expect, test } from "vitest";
import { phasesOf, type Placed, type Span, smallWork } from "./phases.ts";

const span = (start: number, bytes: number, written = false, space = "arena"): Span => ({ space, start, bytes, written });
const writes = (start: number, bytes = 64, space = "arena"): Span => span(start, bytes, true, space);
const reads = (start: number, bytes = 64, space = "arena"): Span => span(start, bytes, false, space);
const wide = (...spans: Span[]): Placed => ({ tiles: 4, work: 1e6, spans });
const single = (...spans: Span[]): Placed => ({ tiles: 1, work: 1e6, spans });
const small = (...spans: Span[]): Placed => ({ tiles: 1, work: smallWork, spans });

test("launches that share nothing, or only read the same, stand side by side, the largest pieces first", () => {
  const launches = [small(reads(0), writes(64)), wide(reads(0), writes(128)), single(reads(0), writes(192))];
  expect(phasesOf(launches)).toEqual([[[2], [1], [0]]]);
});

test.each([
  ["what the one before wrote", writes(0), reads(32)],
  ["what the one before overwrote", writes(0), writes(32)],
  ["what it overwrites", reads(32), writes(0)],
])("a launch waits for %s", (_, first, second) => {
  expect(phasesOf([wide(first), wide(second)])).toEqual([[[0]], [[1]]]);
});

test("equal bytes of different spaces are different bytes", () => {
  expect(phasesOf([wide(writes(0, 64, "slot 0")), wide(writes(0, 64, "slot 1"))])).toHaveLength(1);
});

test("small single tiles follow what they wait for without a barrier", () => {
  const launches = [single(writes(0)), small(reads(0), writes(64)), small(writes(128)), small(reads(64), reads(128), writes(192))];
  expect(phasesOf(launches)).toEqual([[[0, 1, 2, 3]]]);
});

test("what is large, or waits for several tiles, comes after a barrier", () => {
  expect(phasesOf([small(writes(0)), single(reads(0))])).toEqual([[[0]], [[1]]]);
  expect(phasesOf([wide(writes(0)), small(reads(0))])).toEqual([[[0]], [[1]]]);
});

test("a launch stands in the first phase it can, however late it was recorded", () => {
  const launches = [wide(writes(0)), wide(reads(0), writes(64)), wide(reads(64), writes(128)), wide(reads(0), writes(192))];
  expect(phasesOf(launches)).toEqual([[[0]], [[1], [3]], [[2]]]);
});

test("no plan at all is no phases", () => {
  expect(phasesOf([])).toEqual([]);
});

test("of 400 random plans, every launch runs once and after all that touch what it writes or wrote what it touches", () => {
  let seed = 1;
  const below = (limit: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % limit;
  for (let plan = 0; plan < 400; plan++) {
    const spaces = ["arena", "arena", "slot 0", "slot 1", "workspace"];
    const launches = Array.from({ length: 1 + below(40) }, (): Placed => ({
      tiles: 1 + below(2) * below(4),
      work: 1 + below(2 * smallWork),
      spans: Array.from({ length: 1 + below(4) }, () => span(below(30) * 16, 16 * below(6), below(3) === 0, spaces[below(spaces.length)])),
    }));
    const phases = phasesOf(launches);
    const places = new Map(
      phases.flatMap((units, phase) =>
        units.flatMap((unit, number) => unit.map((launch, order) => [launch, { phase, number, order }] as const)),
      ),
    );
    expect(phases.flat(2).toSorted((a, b) => a - b)).toEqual(launches.map((_, i) => i));
    for (const unit of phases.flat()) if (unit.length > 1) for (const launch of unit) expect(launches[launch]?.tiles).toBe(1);
    launches.forEach((later, i) => {
      launches.slice(0, i).forEach((earlier, j) => {
        if (!later.spans.some((a) => earlier.spans.some((b) => conflict(a, b)))) return;
        const [first, second] = [places.get(j), places.get(i)];
        if (first === undefined || second === undefined) expect.unreachable();
        const ordered =
          first.phase < second.phase || (first.phase === second.phase && first.number === second.number && first.order < second.order);
        expect(ordered, `launch ${i} after ${j} of plan ${plan}`).toBe(true);
      });
    });
  }
});

/** By every byte, as slow as it is plain. */
function conflict(a: Span, b: Span): boolean {
  if (a.space !== b.space || !(a.written || b.written)) return false;
  for (let byte = a.start; byte < a.start + a.bytes; byte += 16) if (byte >= b.start && byte < b.start + b.bytes) return true;
  return false;
}
