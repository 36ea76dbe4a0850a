import { BackendError, createRuntime } from "gradus";
import { afterEach, describe, expect, it, vi } from "vitest";
import { gradusHere, jsonLines } from "../src/command-line/child.test.support.ts";

afterEach(() => {
  vi.doUnmock("webgpu");
  vi.unstubAllGlobals();
});

describe("where the package webgpu is not installed", () => {
  const sentence =
    'WebGPU in Node needs the package "webgpu", which is not installed or has no build for this machine (run: npm install webgpu)';

  it("commands say how to install it", async () => {
    notInstalled();
    expect(await gradusHere(["train", "--backend", "webgpu", "--limit", "8"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `gradus: webgpu: ${sentence}\n`,
    });
    const { code, stdout } = await gradusHere(["doctor", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({ webgpu: { present: false, detail: sentence } });
  });

  it("a runtime on it is a typed error", async () => {
    notInstalled();
    await expect(createRuntime({ backend: "webgpu" })).rejects.toThrow(BackendError);
  });

  function notInstalled(): void {
    vi.doMock("webgpu", () => {
      throw new Error("Cannot find package 'webgpu'");
    });
  }
});

describe("where there is no adapter", () => {
  it("commands say what is missing, and what to use instead", async () => {
    vi.doMock("webgpu", () => ({ globals: {}, create: () => ({ requestAdapter: async () => null }) }));
    const sentence =
      'this host has WebGPU, and no adapter: no GPU, no driver, or the browser refuses it (use the backend "wasm", or install a Vulkan driver)';
    expect(await gradusHere(["train", "--backend", "webgpu", "--limit", "8"])).toMatchObject({
      code: 1,
      stderr: `gradus: webgpu: ${sentence}\n`,
    });
    const { stdout } = await gradusHere(["doctor"]);
    expect(stdout).toContain(`webgpu        no   ${sentence}\n`);
  });

  it("a host with a WebGPU of its own is asked, and Dawn is not", async () => {
    vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } });
    vi.doMock("webgpu", () => expect.unreachable("Dawn was loaded"));
    await expect(createRuntime({ backend: "webgpu" })).rejects.toThrow("no adapter");
  });
});

it("WebGPU has one thread", async () => {
  await expect(createRuntime({ backend: "webgpu", threads: 2 })).rejects.toThrow("the webgpu backend has one thread, not 2");
  expect(await gradusHere(["train", "--backend", "webgpu", "--threads", "2"])).toMatchObject({
    code: 1,
    stderr: "gradus: createRuntime: the webgpu backend has one thread, not 2 (leave the number of threads out)\n",
  });
});
