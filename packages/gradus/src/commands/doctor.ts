import { availableParallelism } from "node:os";
import process from "node:process";
import { Command } from "commander";
import { GradusError } from "@gradus/tensor";
import { bestLevel, wasmFeatures } from "@gradus/wasm";
import { addJsonFlag, type OutputFlags } from "../command-line/flags.ts";
import { sentenceOf } from "../command-line/sentence.ts";
import { openWebgpu } from "../open-webgpu.ts";

/** One thing a host offers or lacks. */
interface Finding {
  readonly name: string;
  readonly present: boolean;
  /** What there is, or how to get it. */
  readonly detail: string;
  /** What `--json` says besides. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export function doctorCommand(): Command {
  const command = new Command("doctor").description("what this host offers, and how to enable what is missing");
  return addJsonFlag(command, "the findings").action(print);
}

async function print(flags: OutputFlags): Promise<void> {
  const findings = [...examine(), await webgpu()];
  if (flags.json ?? false) {
    const entries = findings.map(({ name, present, detail, facts }) => [name, { present, detail, ...facts }] as const);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(entries))}\n`);
    return;
  }
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, present, detail } of findings) process.stdout.write(`${name.padEnd(width)}  ${present ? "yes" : "no "}  ${detail}\n`);
}

function examine(): readonly Finding[] {
  const { simd, relaxedSimd, threads } = wasmFeatures();
  const cores = availableParallelism();
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const recent = major > 22 || (major === 22 && minor >= 12);
  return [
    { name: "node", present: recent, detail: `${process.version}${recent ? "" : "; Gradus needs 22.12 or later: install a newer Node"}` },
    { name: "wasm", present: true, detail: `kernels are generated for the ${bestLevel()} level` },
    {
      name: "simd",
      present: simd,
      detail: simd ? "128-bit vectors" : "needs Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later; scalar kernels run instead",
    },
    {
      name: "relaxed simd",
      present: relaxedSimd,
      detail: relaxedSimd
        ? "fused multiply-add"
        : "needs Node 22, Chrome 114, Firefox 145 or later; kernels multiply and add in two instructions instead",
    },
    { name: "threads", present: threads, detail: threads ? `shared memory; ${cores} ${cores === 1 ? "core" : "cores"}` : withoutThreads },
  ];
}

const withoutThreads =
  "needs SharedArrayBuffer; a page gets it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/** Opens a device, for only that shows that there is one, and gives it back. */
async function webgpu(): Promise<Finding> {
  try {
    const backend = await openWebgpu();
    const { adapter, software, features, device } = backend;
    const {
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup,
    } = device.limits;
    const limits = {
      tensorBytes: maxStorageBufferBindingSize,
      buffers: maxStorageBuffersPerShaderStage,
      workgroupBytes: maxComputeWorkgroupStorageSize,
      invocations: maxComputeInvocationsPerWorkgroup,
    };
    backend.dispose();
    const detail = [
      `${adapter}${software ? ", which is software: right, and slow" : ""}`,
      Object.entries(features)
        .map(([name, has]) => (has ? name : `no ${name}`))
        .join(", "),
      `tensors up to ${Math.floor(limits.tensorBytes / 2 ** 20)} MB, ${limits.buffers} buffers a kernel, workgroups of ${limits.invocations} with ${Math.floor(limits.workgroupBytes / 2 ** 10)} KB`,
    ].join("; ");
    return { name: "webgpu", present: true, detail, facts: { adapter, software, features, limits } };
  } catch (error) {
    if (!(error instanceof GradusError)) throw error;
    return { name: "webgpu", present: false, detail: sentenceOf(error).replace(/^webgpu: /, "") };
  }
}
