// ConvNetJS, in plain JavaScript, in a page.
import { peer as convnet } from "peer:convnetjs";
import { type ConvNet, convnetJs } from "../../libraries/convnet.ts";
import { servePage } from "./serve-page.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
servePage(async ({ version }) => convnetJs(convnet as ConvNet, version));
