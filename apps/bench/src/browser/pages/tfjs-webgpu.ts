// TensorFlow.js on its WebGPU backend.
import { peer as tf } from "peer:@tensorflow/tfjs";
import "peer:@tensorflow/tfjs-backend-webgpu";
import { tfjs, type TensorFlow } from "../../libraries/tfjs.ts";
import { versionOnAdapter } from "./adapter.ts";
import { servePage } from "./serve-page.ts";

servePage(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const library = tf as TensorFlow;
  const version = await versionOnAdapter(library.version_core);
  return { ...(await tfjs(library, "webgpu")), version };
});
