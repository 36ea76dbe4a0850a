import { type Backend, type DeviceBuffer, Engine } from "@gradus/compile";
import { BackendError, useRuntime } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";
import { afterEach, describe, expect, it } from "vitest";
import { epochs, type FitResult, type Weights } from "./index.ts";
import { tinyImages, tinyTrainer } from "./tiny.test.support.ts";

const train = tinyImages(21);
const validation = tinyImages(9, 100);

afterEach(() => void useRuntime(null));

/** Runs counted across all devices; the one at which the device is lost, if any. */
interface Fate {
  runs: number;
  readonly lostAt: readonly number[];
}

/** A device that is lost at given runs: from then on nothing on it can be run or read. Its successor counts on. */
function mortal(fate: Fate): Backend {
  const inner = new WasmBackend({ threads: 1 });
  let lost = false;
  const check = (): void => {
    if (lost) throw new BackendError("backend/lost", "the device was lost", { subject: "test" });
  };
  const originals = new WeakMap<DeviceBuffer, DeviceBuffer>();
  return {
    name: "mortal",
    threads: 1,
    alignment: inner.alignment,
    sideBySide: false,
    rowAlignment: 1,
    sweeping: null,
    takesHalves: false,
    prepare: async (plan) => {
      check();
      const executable = await inner.prepare(plan);
      return {
        run: async (inputs, bound) => {
          if (fate.lostAt.includes(fate.runs++)) lost = true;
          check();
          return executable.run(
            inputs,
            bound.map((buffer) => originals.get(buffer) ?? buffer),
          );
        },
        free: () => executable.free(),
      };
    },
    allocate: (aval, label) => {
      check();
      const buffer = inner.allocate(aval, label);
      const guarded: DeviceBuffer = {
        bytes: buffer.bytes,
        write: (data) => {
          check();
          buffer.write(data);
        },
        read: () => {
          check();
          return buffer.read();
        },
        free: () => buffer.free(),
      };
      originals.set(guarded, buffer);
      return guarded;
    },
    memory: () => inner.memory(),
    prepareTimed: () => {
      throw new RangeError("nothing is timed here");
    },
    reopen: async () => mortal(fate),
    dispose: () => inner.dispose(),
  };
}

async function run(lostAt: readonly number[]): Promise<{ result: FitResult; runs: number; messages: string[] }> {
  const fate: Fate = { runs: 0, lostAt };
  const engine = new Engine(mortal(fate));
  useRuntime(engine);
  const messages: string[] = [];
  const { trainer } = tinyTrainer();
  const result = await trainer.fit({
    train,
    validation,
    validateFirst: false,
    length: epochs(3),
    progress: { message: (text) => void messages.push(text) },
  });
  await engine.dispose();
  return { result, runs: fate.runs, messages };
}

function essence({ last, best, history }: FitResult): unknown {
  const bits = (weights: Weights): unknown =>
    [...weights].map(([name, { data }]) => [name, [...new Uint32Array(data.buffer, data.byteOffset, data.length)]]);
  return { last: bits(last), best: bits(best), history: history.map(({ seconds: _, ...record }) => record) };
}

describe("a lost device", () => {
  it("costs time and nothing else, whenever it is lost", async () => {
    const whole = await run([]);
    expect(whole.messages).toEqual([]);
    for (let at = 0; at < whole.runs; at++) {
      const { result, runs, messages } = await run([at]);
      expect(essence(result), `lost at run ${at} of ${whole.runs}`).toEqual(essence(whole.result));
      expect(messages).toEqual([expect.stringMatching(/^the device was lost: going on from step \d+ on a new one$/)]);
      expect(runs).toBeGreaterThan(whole.runs);
    }
  });

  it("is an error when the new one is lost before it comes as far", async () => {
    await expect(run([4, 6])).rejects.toMatchObject({ code: "backend/lost" });
  });
});
