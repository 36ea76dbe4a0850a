// TensorFlow.js on its WebAssembly backend, which uses one thread in Node.
import { loadCommonJs } from "../../peers/load.ts";
import { serve } from "./library.ts";
import { tfjs, type TensorFlow } from "./tfjs.ts";

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const tf = loadCommonJs("@tensorflow/tfjs") as TensorFlow;
  loadCommonJs("@tensorflow/tfjs-backend-wasm");
  return tfjs(tf, "wasm");
});
