// jax-js on WebGPU.
import { peer as jax } from "peer:@jax-js/jax";
import { type Jax, jaxJs } from "../../libraries/jax.ts";
import { versionOnAdapter } from "./adapter.ts";
import { servePage } from "./serve-page.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
servePage(async ({ version }) => jaxJs(jax as Jax, "webgpu", await versionOnAdapter(version)));
