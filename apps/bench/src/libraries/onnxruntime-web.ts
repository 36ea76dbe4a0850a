// onnxruntime-web on WebAssembly: `onnxruntime-web.ts THREADS`.
import { parseArgs } from "node:util";
import { loadModule } from "../../peers/load.ts";
import { serve } from "./library.ts";
import { onnxruntime, type OnnxRuntime } from "./onnxruntime.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const threads = Number(positionals[0] ?? 1);

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const ort = (await loadModule("onnxruntime-web")) as OnnxRuntime;
  ort.env.wasm.numThreads = threads;
  return onnxruntime(ort, { provider: "wasm", threads });
});
