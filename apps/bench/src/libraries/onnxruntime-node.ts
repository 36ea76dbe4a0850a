// onnxruntime-node, native code on the CPU: `onnxruntime-node.ts THREADS`.
import { parseArgs } from "node:util";
import { loadCommonJs } from "../../peers/load.ts";
import { serve } from "./library.ts";
import { onnxruntime, type OnnxRuntime } from "./onnxruntime.ts";

const { positionals } = parseArgs({ allowPositionals: true });

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const ort = loadCommonJs("onnxruntime-node") as OnnxRuntime;
  return onnxruntime(ort, { provider: "cpu", threads: Number(positionals[0] ?? 1) });
});
