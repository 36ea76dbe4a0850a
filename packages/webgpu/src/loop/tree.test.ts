import { type Combine, ScalarBuilder } from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type OpenDevice } from "../device.ts";
import { orMissing, testGpu } from "../test-gpu.test.support.ts";
import { usage } from "../usage.ts";
import { type Reduction, reductionOf } from "../wgsl/combine.ts";
import { Library } from "../wgsl/library.ts";
import { mergeCode } from "./tree.ts";

const found = await testGpu();
const { gpu } = found;
const size = 256;

/** How a device might make subgroups: of how many invocations at most, how many it puts into each, and whether neighbours go together. */
interface Subgroups {
  readonly width: number;
  readonly present: number;
  readonly mapping: "neighbours" | "scattered";
}

const devices: readonly Subgroups[] = [
  ...[4, 32, 128].map((width): Subgroups => ({ width, present: width, mapping: "neighbours" })),
  { width: 32, present: 32, mapping: "scattered" },
  // The last of them has less again.
  { width: 64, present: 48, mapping: "neighbours" },
  { width: 32, present: 23, mapping: "scattered" },
];

/** Subgroups of any make, played by the workgroup: what is exchanged lies in its memory. The functions are named after those of WGSL and a type. */
function playedSubgroups({ width, present, mapping }: Subgroups): string {
  const groups = Math.ceil(size / present);
  const [group, lane, member] =
    mapping === "neighbours"
      ? [`local / ${present}u`, `local % ${present}u`, `group * ${present}u + lane`]
      : [`local % ${groups}u`, `local / ${groups}u`, `lane * ${groups}u + group`];
  const functions = (["f32", "i32", "u32"] as const).map((type) => {
    const folded = (name: string, next: string): string => `fn ${name}_${type}(local: u32, x: ${type}) -> ${type} {
give_${type}(local, x);
let group = groupOf(local);
var all = given_${type}[memberOf(group, 0u)];
for (var lane = 1u; memberOf(group, lane) < ${size}u && lane < ${mapping === "neighbours" ? present : size}u; lane++) {
let other = given_${type}[memberOf(group, lane)];
all = ${next};
}
return all;
}`;
    return `var<workgroup> given_${type}: array<${type}, ${size}>;
fn give_${type}(local: u32, x: ${type}) {
workgroupBarrier();
given_${type}[local] = x;
workgroupBarrier();
}
${folded("subgroupAdd", "all + other")}
${folded("subgroupMax", "max(all, other)")}
${folded("subgroupBroadcastFirst", "all")}
fn subgroupShuffleXor_${type}(local: u32, x: ${type}, mask: u32) -> ${type} {
give_${type}(local, x);
let other = memberOf(groupOf(local), laneOf(local) ^ mask);
let isThere = other < ${size}u && groupOf(other) == groupOf(local) && laneOf(other) == (laneOf(local) ^ mask);
return select(${type}(1000000), given_${type}[min(other, ${size - 1}u)], isThere);
}`;
  });
  return `const subgroupWidth = ${width}u;
fn groupOf(local: u32) -> u32 { return ${group}; }
fn laneOf(local: u32) -> u32 { return ${lane}; }
fn memberOf(group: u32, lane: u32) -> u32 { return ${member}; }
${functions.join("\n")}`;
}

const combines: readonly (readonly [Combine, "float32" | "int32"])[] = [
  ["sum", "float32"],
  ["max", "int32"],
  ["argmax", "float32"],
];

describe.skipIf(gpu === null)(`merging in subgroups${orMissing(found)}`, () => {
  let open: OpenDevice;

  beforeAll(async () => {
    open = await openDevice(gpu === null ? {} : { gpu });
  });

  afterAll(() => {
    open.device.destroy();
  });

  /** What each of the invocations holds in the end, word by word. */
  async function run(code: string): Promise<Int32Array> {
    const { device } = open;
    const bytes = 4 * size;
    const written = device.createBuffer({ size: bytes, usage: usage.storage | usage.copySource });
    const read = device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
    const module = device.createShaderModule({ code });
    expect((await module.getCompilationInfo()).messages.map(({ message }) => message)).toEqual([]);
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: written } }],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(written, 0, read, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(1);
    const words = new Int32Array(read.getMappedRange().slice(0));
    for (const buffer of [written, read]) buffer.destroy();
    return words;
  }

  function shader(subgroups: Subgroups, reduction: Reduction, library: Library): string {
    const { declarations, statements } = mergeCode([reduction], { size, together: 1, subgroups: true }, library);
    const types = new Map(reduction.fields.map(({ name, type }) => [name, type]));
    const played = statements.replaceAll(/(subgroup[A-Z]\w+)\((\w+)/g, (_call, name: string, value: string) => {
      return `${name}_${types.get(value) ?? "u32"}(local, ${value}`;
    });
    const [first, position] = reduction.fields;
    return `@group(0) @binding(0) var<storage, read_write> words: array<i32>;
${playedSubgroups(subgroups)}
${library.source}${declarations}
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) local: u32) {
let subgroupLane = laneOf(local);
var ${first?.name ?? ""} = ${first?.type ?? ""}(${valueAt("i32(local)")});
${position === undefined ? "" : `var ${position.name} = i32(local);`}
${played}
words[local] = i32(${reduction.result});
}`;
  }

  test.each(devices)("of $present in $width, $mapping", { timeout: 120_000 }, async (subgroups) => {
    for (const [combine, dtype] of combines) {
      const library = new Library();
      const reduction = reductionOf({ combine, value: new ScalarBuilder().constant(dtype, 0) }, "held", library);
      const words = await run(shader(subgroups, reduction, library));
      expect([...new Set(words)], `${combine} of ${dtype}`).toEqual([expected(combine)]);
    }
  });
});

/** Whole numbers, whose sums are exact in any order, with the largest and the smallest in two places each. */
function valueAt(i: string): string {
  return `((${i} * 7) % 199 - 90)`;
}

function expected(combine: Combine): number {
  const values = Array.from({ length: size }, (_, i) => ((i * 7) % 199) - 90);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  switch (combine) {
    case "sum":
      return values.reduce((sum, value) => sum + value, 0);
    case "prod":
      return values.reduce((product, value) => product * value, 1);
    case "max":
      return most;
    case "min":
      return least;
    case "argmax":
      return values.indexOf(most);
    case "argmin":
      return values.indexOf(least);
  }
  combine satisfies never;
  throw new RangeError("unknown reduction");
}
