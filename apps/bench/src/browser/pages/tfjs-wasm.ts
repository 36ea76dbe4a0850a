// TensorFlow.js on its WebAssembly backend, in a page, where it has threads.
import { peer as tf } from "peer:@tensorflow/tfjs";
import { peer as backend } from "peer:@tensorflow/tfjs-backend-wasm";
import { tfjs, type TensorFlow } from "../../libraries/tfjs.ts";
import { servePage } from "./serve-page.ts";

interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(count: number): void;
}

servePage(async ({ threads }) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const { setThreadsCount, setWasmPaths } = backend as WasmBackend;
  setWasmPaths("/peers/@tensorflow/tfjs-backend-wasm/dist/");
  setThreadsCount(threads);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return tfjs(tf as TensorFlow, "wasm");
});
