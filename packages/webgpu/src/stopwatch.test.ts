import { Engine } from "@gradus/compile";
import { profile, type ProfileReport } from "@gradus/compile/profile";
import { fromHost, matmul, sum, type Tensor, useRuntime } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

describe.skipIf(gpu === null)(`times on WebGPU${orMissing(found)}`, () => {
  test("are the device's own where it has timestamps", async (context) => {
    if (gpu === null) expect.unreachable();
    const { report, features, bytes } = await profiled(gpu, () => sum(chain(2)));
    if (!features.timestamps) context.skip("the adapter has no timestamp-query");
    expect(report.clock).toBe("device timestamps");
    expect(report.tick).toBeGreaterThan(0);
    expect(report.steps.map(({ calls }) => calls)).toEqual([2, 2, 2]);
    expect(report.kernels.milliseconds).toBeGreaterThan(0);
    // Nothing overlaps on the device, and all of it lies between launch and result.
    expect(report.kernels.milliseconds).toBeLessThanOrEqual(report.host.waiting + report.host.launching);
    expect(bytes.after).toBe(bytes.before);
  });

  test("are the host's for whole runs where it has none, divided by what steps have to do", async () => {
    if (gpu === null) expect.unreachable();
    const { report, features, bytes } = await profiled(withoutTimestamps(gpu), () => sum(chain(2)));
    expect(features.timestamps).toBe(false);
    expect(report.clock).toBe("host, per run");
    expect(report.tick).toBeNull();
    expect(report.steps.map(({ calls }) => calls)).toEqual([2, 2, 2]);
    expect(report.kernels.milliseconds).toBeGreaterThan(0);
    expect(report.kernels.milliseconds).toBeLessThanOrEqual(report.milliseconds);
    const work = report.steps.reduce((all, { flops, bytes: moved }) => all + flops + moved, 0);
    for (const step of report.steps)
      expect(step.milliseconds / report.kernels.milliseconds).toBeCloseTo((step.flops + step.bytes) / work, 5);
    expect(bytes.after).toBe(bytes.before);
  });

  test("of more kernels than one set of queries has room for are all there", { timeout: 300_000 }, async (context) => {
    if (gpu === null) expect.unreachable();
    const { report, features } = await profiled(gpu, () => chain(2100));
    if (!features.timestamps) context.skip("the adapter has no timestamp-query");
    expect(report.kernels.runs).toBe(2 * 2100);
    // Also those of the second set, which begins with kernel 2048.
    expect(report.steps.filter(({ step, milliseconds }) => step >= 2048 && milliseconds > 0).length).toBeGreaterThan(40);
  });
});

/** So many kernels in a row: matrix products are never fused with each other. */
function chain(kernels: number): Tensor {
  const mean = fromHost([4, 4], "float32", new Float32Array(16).fill(0.25));
  let x: Tensor = fromHost(
    [64, 4],
    "float32",
    Float32Array.from({ length: 64 * 4 }, (_, i) => Math.sin(i)),
  );
  for (let i = 0; i < kernels; i++) x = matmul(x, mean);
  return x;
}

/** A profile of two runs, and the bytes held before and after it. */
async function profiled(
  gpu: GPU,
  make: () => Tensor,
): Promise<{
  readonly report: ProfileReport;
  readonly features: WebgpuBackend["features"];
  readonly bytes: { readonly before: number; readonly after: number };
}> {
  const backend = await WebgpuBackend.create({ gpu });
  const engine = new Engine(backend);
  const installed = useRuntime(engine);
  try {
    const want = await make().data();
    const before = backend.memory().bytes;
    const report = await profile(async () => {
      for (let i = 0; i < 2; i++) expect(await make().data()).toEqual(want);
    });
    return { report, features: backend.features, bytes: { before, after: backend.memory().bytes } };
  } finally {
    useRuntime(installed);
    await engine.dispose();
  }
}

/** The same GPU, whose adapters do not let on that they can tell the time. */
function withoutTimestamps(gpu: GPU): GPU {
  const hide = <T extends object>(target: T, name: string, value: unknown): T =>
    new Proxy(target, {
      get: (of, property) => {
        if (property === name) return value;
        const own: unknown = Reflect.get(of, property, of);
        return typeof own === "function" ? (own.bind(of) as unknown) : own;
      },
    });
  return hide(gpu, "requestAdapter", async (options: GPURequestAdapterOptions) => {
    const adapter = await gpu.requestAdapter(options);
    return adapter === null ? null : hide(adapter, "features", new Set([...adapter.features].filter((name) => name !== "timestamp-query")));
  });
}
