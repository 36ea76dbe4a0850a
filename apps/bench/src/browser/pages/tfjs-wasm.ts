// TensorFlow.js on its WebAssembly backend, in a page.
import { peer as tf } from "peer:@tensorflow/tfjs";
import { peer as backend } from "peer:@tensorflow/tfjs-backend-wasm";
import { tfjs, type TensorFlow } from "../../libraries/tfjs.ts";
import { servePage } from "./serve-page.ts";

interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(count: number): void;
  getThreadsCount(): number;
}

servePage(async ({ threads }) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const wasm = backend as WasmBackend;
  wasm.setWasmPaths("/peers/@tensorflow/tfjs-backend-wasm/dist/");
  wasm.setThreadsCount(threads);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  const library = await tfjs(tf as TensorFlow, "wasm");
  const started = wasm.getThreadsCount();
  if (started !== threads) throw new Error(`told to take ${threads} threads, it takes ${started}`);
  return library;
});
