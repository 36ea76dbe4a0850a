// onnxruntime-web on WebGPU.
import { peer as ort } from "peer:onnxruntime-web/webgpu";
import { onnxruntime, type OnnxRuntime } from "../../libraries/onnxruntime.ts";
import { versionOnAdapter } from "./adapter.ts";
import { servePage } from "./serve-page.ts";

servePage(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const runtime = ort as OnnxRuntime;
  runtime.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
  runtime.env.wasm.numThreads = 1;
  const library = onnxruntime(runtime, { provider: "webgpu", threads: 1 });
  return { ...library, version: await versionOnAdapter(library.version) };
});
