// TensorFlow.js on its backend in plain JavaScript, in a page.
import { peer as tf } from "peer:@tensorflow/tfjs";
import { tfjs, type TensorFlow } from "../../libraries/tfjs.ts";
import { servePage } from "./serve-page.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
servePage(async () => tfjs(tf as TensorFlow, "cpu"));
