import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "@gradus/train";
import { gradus, gradusHere, jsonLines, scratch } from "../command-line/child.test.support.ts";

const small = ["train", "lenet5", "--limit", "128", "--threads", "1"];

/** Weights, optimizer and progress of a saved run, without times. */
async function contents(path: string) {
  const { weights, checkpoint } = await loadModel(path);
  if (checkpoint === null) throw new RangeError("no run");
  const { seconds: _, epochSeconds: __, history, ...state } = checkpoint.state;
  return { weights, optimizer: checkpoint.optimizer, state: { ...state, history: history.map(({ seconds: ___, ...record }) => record) } };
}

describe("gradus train", () => {
  it("prints one JSON object an epoch and a last one, and nothing else on standard output", async () => {
    const { code, stdout, stderr } = await gradus([...small, "--epochs", "2", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = jsonLines(stdout);
    expect(lines).toHaveLength(3);
    const number = expect.any(Number);
    for (const [i, line] of lines.slice(0, 2).entries()) {
      expect(line).toEqual({
        epoch: i + 1,
        trainLoss: number,
        trainAccuracy: number,
        testLoss: number,
        testAccuracy: number,
        imagesPerSecond: number,
        seconds: number,
      });
    }
    expect(lines[2]).toEqual({
      done: true,
      testAccuracy: lines[1]?.["testAccuracy"],
      parameters: 61_706,
      backend: "wasm",
      threads: 1,
      peakBytes: number,
    });
  });

  it("prints plain lines in a pipe", async () => {
    const { code, stdout } = await gradus([...small, "--epochs", "1", "--backend", "reference", "--threads", "1", "--limit", "8"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^lenet5 on digits, train: 8 synthetic images, seed 0; reference\nepoch 1\/1 {2}train loss [\d.]+ accuracy [\d.]+ % {2}test loss [\d.]+ accuracy [\d.]+ % \(best\) {2}[\d,]+ images\/s {2}\d+ s\ntest accuracy [\d.]+ %; 61,706 parameters; reference, 1 thread; [\d.]+ MB at most; \d+ s\n$/,
    );
    expect(stdout).not.toContain("\u001B");
  });

  it("saves when interrupted, says how to go on, and going on ends as if it had never stopped", async () => {
    const whole = scratch("whole.safetensors");
    const stopped = scratch("stopped at once.safetensors");
    const flags = ["train", "--limit", "2000", "--epochs", "3", "--threads", "2", "--seed", "4", "--json"];
    expect((await gradus([...flags, "--save", whole])).code).toBe(0);
    const first = await gradus([...flags, "--save", stopped], (stdout, kill) => {
      if (stdout.split("\n").length === 2) kill("SIGINT");
    });
    expect(first.code).toBe(130);
    const last = jsonLines(first.stdout).at(-1);
    expect(last).toMatchObject({ done: false, reason: "aborted" });
    expect(first.stderr).toBe(
      `stopping after this step; once more to stop at once\nstopped after step ${String(last?.["step"])}; go on with: gradus train --resume '${stopped}'\n`,
    );
    expect((await contents(stopped)).state).toMatchObject({ step: last?.["step"], epoch: last?.["epoch"] });
    expect(readdirSync(dirname(stopped))).toEqual(["stopped at once.safetensors"]);
    const second = await gradus(["train", "--resume", stopped, "--json"]);
    expect(second.code).toBe(0);
    expect(await contents(stopped)).toEqual(await contents(whole));
  });

  it("ends with 143 on SIGTERM, and says that nothing was saved", async () => {
    const { code, stderr } = await gradus(["train", "--limit", "2000", "--epochs", "50", "--json"], (stdout, kill) => {
      if (stdout.split("\n").length === 2) kill("SIGTERM");
    });
    expect(code).toBe(143);
    expect(stderr).toMatch(/stopped after step \d+; nothing was saved, as --save was not given\n$/);
  });

  it("goes on for longer only if asked, and never as another run", async () => {
    const path = scratch("run.safetensors");
    expect((await gradusHere([...small, "--epochs", "1", "--save", path])).code).toBe(0);
    expect(await gradusHere(["train", "--resume", path, "--seed", "7"])).toMatchObject({
      code: 2,
      stderr: "gradus: --seed cannot change from 0 to 7 in a run that goes on (leave it out, or begin a new run without --resume)\n",
    });
    const elsewhere = scratch("longer.safetensors");
    expect((await gradusHere(["train", "--resume", path, "--epochs", "2", "--save", elsewhere])).code).toBe(0);
    expect((await contents(path)).state.epoch).toBe(1);
    expect((await contents(elsewhere)).state.epoch).toBe(2);
    expect(await gradusHere(["train", "--resume", elsewhere, "--epochs", "1"])).toMatchObject({
      code: 2,
      stderr: "gradus: the run has done 2 epochs already, more than --epochs 1\n",
    });
  });

  it("trains in mixed precision, and goes on in no other", async () => {
    const path = scratch("halves.safetensors");
    const flags = [...small, "--precision", "f16", "--save", path];
    expect((await gradusHere([...flags, "--epochs", "1"])).code).toBe(0);
    expect((await contents(path)).state).toMatchObject({ recipe: { precision: "f16" }, lossScale: { scale: 65536, finiteSteps: 2 } });
    expect((await gradusHere(["train", "--resume", path, "--precision", "f32"])).stderr).toMatch(
      /^gradus: --precision cannot change from f16 to f32 in a run that goes on /,
    );
    expect((await gradusHere(["train", "--resume", path, "--epochs", "2"])).code).toBe(0);
    expect((await contents(path)).state.lossScale).toEqual({ scale: 65536, finiteSteps: 4 });
  });

  it("stops on a loss that is not finite, names the op, and keeps the last good file", async () => {
    const path = scratch("run.safetensors");
    const { code, stderr } = await gradusHere([...small, "--epochs", "3", "--lr", "3e38", "--save", path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^gradus: fit: the (loss|gradients) of step \d+ (is (NaN|Infinity)|are not finite): \w+ was the first to make (NaN|-?Infinity), in \d+ of the values of its float32\[[\d, ]*\] \(lower the learning rate.*\n$/,
    );
    expect(existsSync(path)).toBe(false);
  });
});

describe("wrong usage", () => {
  const cases: readonly (readonly [args: string, stderr: RegExp])[] = [
    ["train alexnet", /^gradus: unknown model "alexnet"; known are lenet5, lenet5Relu, lenet5Sparse, lenetCaffe\n$/],
    [
      "train --data cifar10",
      /^gradus: option '--data <name>' argument 'cifar10' is invalid\. Allowed choices are digits, mnist, fashion-mnist\.\n/,
    ],
    ["train --optimizer newton", /Allowed choices are sgd, rmsprop, adagrad, [^]*, lars\.\n/],
    ["train --schedule square", /Allowed choices are constant, step, multi-step, [^]*, plateau\.\n/],
    ["train --warmup 0.5", /It must be a whole number of at least 0\.\n/],
    ["train --precision f8", /Allowed choices are f32, f16\.\n/],
    ["train --backend gpu", /Allowed choices are wasm, webgpu, reference\.\n/],
    ["train --batches 3", /^gradus: unknown option '--batches'\n[^]*\(known flags: --data, --data-dir, /],
    ["train --epochs 1.5", /argument '1\.5' is invalid\. It must be a whole number of at least 1\.\n/],
    ["train --threads 65", /It must be a whole number from 1 to 64\.\n/],
    ["train --lr -1", /argument '-1' is invalid|argument missing/],
    ["train --data digits --data-dir /tmp", /^gradus: --data-dir has no meaning with --data digits \(that set is drawn on the spot\)\n$/],
    ["train lenet5 lenet5", /too many arguments/],
    ["trane", /^gradus: unknown command 'trane'[^]*\(known commands: train, eval, predict, summary, doctor\)\n/],
    ["summary", /missing required argument 'model'/],
    ["summary vgg", /^gradus: unknown model "vgg"; known are lenet5, /],
  ];
  it.each(cases)("gradus %s", async (args, stderr) => {
    const result = await gradusHere(args.split(" "));
    expect(result.stderr).toMatch(stderr);
    expect(result).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("failures", () => {
  it("are one sentence and exit code 1, before any training", async () => {
    const missing = scratch("no/such/folder.safetensors");
    expect(await gradusHere([...small, "--save", missing])).toEqual({
      code: 1,
      stdout: "",
      stderr: `gradus: cannot write ${missing}: no such file or folder\n`,
    });
    const taken = scratch("taken");
    mkdirSync(taken);
    expect((await gradusHere([...small, "--save", taken])).stderr).toBe(
      `gradus: cannot write ${taken}: a folder stands where a file is expected, or the other way round\n`,
    );
    const resumed = await gradusHere(["train", "--resume", missing]);
    expect(resumed).toMatchObject({ code: 1, stderr: `gradus: cannot open ${missing}: no such file or folder\n` });
    const folder = scratch("");
    expect((await gradusHere(["train", "--data", "mnist", "--data-dir", folder])).stderr).toMatch(
      /^gradus: .* holds neither train-images-idx3-ubyte\.gz nor train-images-idx3-ubyte \(MNIST is four files: .*\)\n$/,
    );
  });

  it("show a stack with --debug", async () => {
    const path = scratch("broken.safetensors");
    writeFileSync(path, "nonsense, and not a model");
    const plain = await gradusHere(["eval", path]);
    expect(plain.stderr).toMatch(/^gradus: safetensors: .*\n$/);
    const { code, stderr } = await gradusHere(["eval", path, "--debug"]);
    expect(code).toBe(1);
    expect(stderr).toContain("\n    at ");
  });
});
