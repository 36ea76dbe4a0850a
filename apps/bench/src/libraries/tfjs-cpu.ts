// TensorFlow.js on its backend in plain JavaScript.
import { loadCommonJs } from "../../peers/load.ts";
import { serve } from "./library.ts";
import { tfjs, type TensorFlow } from "./tfjs.ts";

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const tf = loadCommonJs("@tensorflow/tfjs") as TensorFlow;
  return tfjs(tf, "cpu");
});
