// onnxruntime-web on WebAssembly, in a page.
import { peer as ort } from "peer:onnxruntime-web/wasm";
import { onnxruntime, type OnnxRuntime } from "../../libraries/onnxruntime.ts";
import { servePage } from "./serve-page.ts";

servePage(async ({ threads }) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const library = ort as OnnxRuntime;
  library.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
  library.env.wasm.numThreads = threads;
  return onnxruntime(library, { provider: "wasm", threads });
});
