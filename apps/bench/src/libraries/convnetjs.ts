// ConvNetJS, in plain JavaScript.
import { loadCommonJs, pinnedVersion } from "../../peers/load.ts";
import { type ConvNet, convnetJs } from "./convnet.ts";
import { serve } from "./library.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
await serve(async () => convnetJs(loadCommonJs("convnetjs") as ConvNet, pinnedVersion("convnetjs")));
