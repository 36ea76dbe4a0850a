import type { LibraryStep, Plan, PlanBuffer } from "@gradus/compile";
import { describe, expect, test } from "vitest";
import type { Candidate } from "../kernel-table.ts";
import type { CandidateList } from "./choose.ts";
import type { TuningStore } from "./choices.ts";
import { type CandidateTimer, Tuner } from "./tuner.ts";
import { bucket } from "./tuning-key.ts";

function candidate(name: string): Candidate {
  return { name, kernels: () => [] };
}

function list(first: string, ...others: string[]): CandidateList {
  return [candidate(first), ...others.map(candidate)];
}

/** A product of square matrices. */
function product(size: number): { readonly step: LibraryStep; readonly plan: Plan } {
  const matrix = { shape: [size, size], dtype: "float32" } as const;
  const buffers = [0, 1, 2].map((slot): PlanBuffer => ({ ...matrix, bytes: 4 * size * size, place: { kind: "bound", slot }, label: "m" }));
  const call = { x: { a: matrix, b: matrix }, attrs: { transposeA: false, transposeB: false }, out: matrix };
  const step: LibraryStep = { kind: "library", label: "matmul", op: "matmul", call, reads: [0, 1], write: 2, epilogue: null };
  return {
    step,
    plan: { name: "test", buffers, steps: [step], waves: [0], sweeps: [], inputs: [], outputs: [], bound: [0, 1, 2], arenaBytes: 0 },
  };
}

/** A device on which candidates take these milliseconds; what is missing cannot run. */
class FakeDevice implements CandidateTimer {
  readonly prepared: string[] = [];
  readonly timed: string[] = [];
  readonly #milliseconds: Readonly<Record<string, number>>;

  constructor(milliseconds: Readonly<Record<string, number>>) {
    this.#milliseconds = milliseconds;
  }

  async prepare(_step: LibraryStep, { name }: Candidate): Promise<void> {
    this.prepared.push(name);
  }

  async time(_step: LibraryStep, { name }: Candidate): Promise<number> {
    this.timed.push(name);
    const found = this.#milliseconds[name];
    if (found === undefined) throw new RangeError(`${name} does not run here`);
    return found;
  }
}

class MemoryStore implements TuningStore {
  readonly texts = new Map<string, string>();
  async load(name: string): Promise<string | null> {
    return this.texts.get(name) ?? null;
  }
  async save(name: string, text: string): Promise<void> {
    this.texts.set(name, text);
  }
}

async function chosen(tuner: Tuner, candidates: CandidateList, size = 512): Promise<string> {
  const { step, plan } = product(size);
  return (await tuner.choose(step, candidates, plan)).name;
}

describe("the tuner", () => {
  test("takes the quickest candidate and measures each once", async () => {
    const device = new FakeDevice({ a: 3, b: 1, c: 2 });
    const tuner = new Tuner({ adapter: "fake", store: null, timer: device });
    const both = await Promise.all([chosen(tuner, list("a", "b", "c")), chosen(tuner, list("a", "b", "c"), 500)]);
    expect(both).toEqual(["b", "b"]);
    expect(await chosen(tuner, list("a", "b", "c"))).toBe("b");
    expect(device.timed).toEqual(["a", "b", "c"]);
    expect(device.prepared).toEqual(["a", "b", "c"]);
  });

  test("a choice is read back from the store by another process, on the same adapter alone", async () => {
    const store = new MemoryStore();
    const first = new Tuner({ adapter: "fake", store, timer: new FakeDevice({ a: 3, b: 1 }) });
    await chosen(first, list("a", "b"));
    await first.saved();
    const device = new FakeDevice({ a: 1, b: 2 });
    expect(await chosen(new Tuner({ adapter: "fake", store, timer: device }), list("a", "b"))).toBe("b");
    expect(device.timed).toEqual([]);
    expect(await chosen(new Tuner({ adapter: "other", store, timer: device }), list("a", "b"))).toBe("a");
  });

  test("other candidates, and other sizes, are measured anew", async () => {
    const device = new FakeDevice({ a: 3, b: 1, d: 0.5 });
    const tuner = new Tuner({ adapter: "fake", store: null, timer: device });
    await chosen(tuner, list("a", "b"));
    expect(await chosen(tuner, list("a", "b", "d"))).toBe("d");
    await chosen(tuner, list("a", "b"), 1024);
    expect(device.timed).toEqual(["a", "b", "a", "b", "d", "a", "b"]);
  });

  test("a candidate that does not run is passed over, and where none runs the first is taken and nothing remembered", async () => {
    const device = new FakeDevice({ b: 1 });
    const tuner = new Tuner({ adapter: "fake", store: null, timer: device });
    expect(await chosen(tuner, list("a", "b"))).toBe("b");
    expect(await chosen(tuner, list("x", "y"))).toBe("x");
    expect(await chosen(tuner, list("x", "y"))).toBe("x");
    expect(device.timed).toEqual(["a", "b", "x", "y", "x", "y"]);
  });

  test("small steps and single candidates are not measured", async () => {
    const device = new FakeDevice({ a: 3, b: 1 });
    const tuner = new Tuner({ adapter: "fake", store: null, timer: device });
    expect(await chosen(tuner, list("a", "b"), 16)).toBe("a");
    expect(await chosen(tuner, list("a"))).toBe("a");
    expect(device.timed).toEqual([]);
  });

  test.each([
    ["no JSON", "{"],
    ["another format", '{"format":"gradus tuning 0","adapter":"fake","choices":[]}'],
    ["no record", "null"],
    ["no list", '{"format":"gradus tuning 1","adapter":"fake","choices":{}}'],
    ["numbers", '{"format":"gradus tuning 1","adapter":"fake","choices":[[1,2]]}'],
    ["too much", " ".repeat(2 ** 20 + 1)],
  ])("a store with %s is as an empty one", async (_what, text) => {
    const store = new MemoryStore();
    store.texts.set("fake", text);
    const tuner = new Tuner({ adapter: "fake", store, timer: new FakeDevice({ a: 3, b: 1 }) });
    expect(await chosen(tuner, list("a", "b"))).toBe("b");
    await tuner.saved();
    expect(store.texts.get("fake")).toContain('"b"');
  });

  test("a name in the store that is no candidate is not taken", async () => {
    const store = new MemoryStore();
    const first = new Tuner({ adapter: "fake", store, timer: new FakeDevice({ a: 3, b: 1 }) });
    await chosen(first, list("a", "b"));
    await first.saved();
    store.texts.set("fake", (store.texts.get("fake") ?? "").replaceAll('"b"', '"gone"'));
    expect(await chosen(new Tuner({ adapter: "fake", store, timer: new FakeDevice({ a: 3, b: 1 }) }), list("a", "b"))).toBe("b");
  });

  test("a store that fails is done without", async () => {
    const store: TuningStore = {
      load: async () => Promise.reject(new Error("gone")),
      save: async () => Promise.reject(new Error("full")),
    };
    const tuner = new Tuner({ adapter: "fake", store, timer: new FakeDevice({ a: 3, b: 1 }) });
    expect(await chosen(tuner, list("a", "b"))).toBe("b");
    await tuner.saved();
    expect(await chosen(tuner, list("a", "b"))).toBe("b");
  });

  test("what is kept is bounded, and the oldest goes first", async () => {
    const store = new MemoryStore();
    const tuner = new Tuner({ adapter: "fake", store, timer: { prepare: async () => undefined, time: async () => 1 } });
    for (let i = 0; i < 1030; i++) await chosen(tuner, list("a", `candidate ${i}`));
    await tuner.saved();
    const text = store.texts.get("fake") ?? "";
    expect(text.length).toBeLessThan(2 ** 20);
    expect(JSON.parse(text).choices).toHaveLength(1024);
  });

  test("sizes within a quarter share a bucket", () => {
    expect([1, 7, 16, 17, 20, 21, 500, 512, 513].map(bucket)).toEqual([1, 7, 16, 20, 20, 24, 512, 512, 640]);
  });
});
