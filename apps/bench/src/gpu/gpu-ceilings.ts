import { nodeGpu } from "@gradus/webgpu/node";
import type { Ceiling } from "../report.ts";

/** Bytes that the copies read and write: from what a second-level cache holds to what none does. */
const copies = [1 << 22, 1 << 25, 1 << 28];
const workgroups = 4096;
const size = 256;
/** Multiplications and additions of one invocation: 16 chains of 4 lanes, so that none waits for the one before. */
const chains = 16;
const iterations = 512;

export interface GpuCeilingOptions {
  /** 1 for a real device. Software devices take hundreds of times as long for the same work. */
  readonly effort: number;
  readonly onProgress: (line: string) => void;
}

/**
 * Measures what the GPU can do at most: fused multiplications and additions that touch nothing but registers, and copies in
 * vectors of four. Runs until the best of several hundred milliseconds, in which clocks settle.
 *
 * @throws Error where there is no adapter.
 */
export async function measureGpuCeilings({ effort, onProgress }: GpuCeilingOptions): Promise<Ceiling[]> {
  const adapter = await (await nodeGpu()).requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("no WebGPU adapter: no GPU, or no Vulkan driver");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  try {
    onProgress("ceiling of arithmetic on the GPU");
    const groups = Math.max(1, Math.ceil(workgroups * effort));
    const out = device.createBuffer({ size: 16 * groups * size, usage: storage });
    const operations = 2 * 4 * chains * iterations * groups * size;
    const seconds = await quickest(device, arithmeticShader, [out], groups, effort);
    out.destroy();
    const ceilings: Ceiling[] = [{ kind: "arithmetic", level: "shader", threads: 1, unit: "GFLOP/s", speed: operations / seconds / 1e9 }];
    for (const bytes of copies.filter((each) => each / 2 <= maxStorageBufferBindingSize)) {
      onProgress(`ceiling of copying ${bytes} bytes on the GPU`);
      const [from, to] = [
        device.createBuffer({ size: bytes / 2, usage: storage }),
        device.createBuffer({ size: bytes / 2, usage: storage }),
      ];
      const copying = await quickest(device, copyShader, [from, to], Math.min(65_535, bytes / 32 / size), effort);
      ceilings.push({ kind: "copy", bytes, threads: 1, unit: "GB/s", speed: bytes / copying / 1e9 });
      from.destroy();
      to.destroy();
    }
    return ceilings;
  } finally {
    device.destroy();
  }
}

/** GPUBufferUsage.STORAGE | COPY_SRC | COPY_DST. */
const storage = 0x80 | 0x4 | 0x8;

/** Seconds of one dispatch at best, many of them in each submission. */
async function quickest(device: GPUDevice, code: string, buffers: readonly GPUBuffer[], groups: number, effort: number): Promise<number> {
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const time = async (runs: number): Promise<number> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < runs; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    const before = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - before) / 1e3;
  };
  await time(1);
  let runs = 1;
  // A submission long enough that its start does not count.
  while (runs < 4096 && (await time(runs)) < 0.05 * effort) runs *= 2;
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 600 * effort;
  do best = Math.min(best, (await time(runs)) / runs);
  while (performance.now() < end);
  return best;
}

const arithmeticShader = `@group(0) @binding(0) var<storage, read_write> out: array<vec4<f32>>;
@compute @workgroup_size(${size})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
let a = vec4<f32>(f32(id.x) * 1e-9 + 0.999);
let b = vec4<f32>(f32(id.x) * 1e-9);
${Array.from({ length: chains }, (_, i) => `var s${i} = vec4<f32>(f32(id.x + ${i}u));`).join("\n")}
for (var i = 0; i < ${iterations}; i++) {
${Array.from({ length: chains }, (_, i) => `s${i} = fma(s${i}, a, b);`).join("\n")}
}
out[id.x] = ${Array.from({ length: chains }, (_, i) => `s${i}`).join(" + ")};
}
`;

const copyShader = `@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> target_: array<vec4<f32>>;
@compute @workgroup_size(${size})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
for (var i = id.x; i < arrayLength(&source); i += groups.x * ${size}u) { target_[i] = source[i]; }
}
`;
