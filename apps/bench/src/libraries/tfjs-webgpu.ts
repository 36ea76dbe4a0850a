// TensorFlow.js on its WebGPU backend, in Node through Dawn.
import { loadCommonJs } from "../../peers/load.ts";
import { giveNavigatorGpu, nodeAdapter } from "../gpu/node-navigator.ts";
import { serve } from "./library.ts";
import { tfjs, type TensorFlow } from "./tfjs.ts";

await serve(async () => {
  const adapter = await nodeAdapter(await giveNavigatorGpu());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const tf = loadCommonJs("@tensorflow/tfjs") as TensorFlow;
  loadCommonJs("@tensorflow/tfjs-backend-webgpu");
  return { ...(await tfjs(tf, "webgpu")), version: `${tf.version_core}, WebGPU on ${adapter}` };
});
